import type { Step, Verdict } from '../../wire/generated/types';
import { toneOfOutcome } from './verdict-words';

/** A place on the way of a request: who sends it, what it passes, where it ends. */
export type Place = 'caller' | 'gateway' | 'rule' | 'waypoint' | 'guard' | 'end';

export interface Station {
  readonly place: Place;
  /** What was decided here, each with its number in the list. */
  readonly steps: readonly { readonly n: number; readonly step: Step }[];
  /** How the request came here: its transport. */
  readonly link: readonly { readonly n: number; readonly step: Step }[];
  readonly state: 'passed' | 'stopped' | 'unknown' | 'ahead';
}

const PLACES: Readonly<Record<string, Place | 'link'>> = {
  resolve: 'caller',
  leave: 'caller',
  connect: 'caller',
  gateway: 'gateway',
  route: 'rule',
  redirect: 'rule',
  rewrite: 'rule',
  answer: 'rule',
  fault: 'rule',
  split: 'rule',
  subset: 'rule',
  destination: 'rule',
  waypoint: 'waypoint',
  tunnel: 'link',
  transport: 'link',
  authenticate: 'guard',
  authorize: 'guard',
  deliver: 'end',
};

interface Open {
  place: Place;
  steps: { n: number; step: Step }[];
  link: { n: number; step: Step }[];
}

/** The trace of a verdict as places in a row; the last one that it came to is where it was decided. */
export function stationsOf(verdict: Pick<Verdict, 'trace' | 'outcome'>): Station[] {
  const row: Open[] = [{ place: 'caller', steps: [], link: [] }];
  let link: { n: number; step: Step }[] = [];
  verdict.trace.forEach((step, i) => {
    const at = { n: i + 1, step };
    const place = PLACES[step.step] ?? row.at(-1)?.place ?? 'caller';
    if (place === 'link') {
      link.push(at);
      return;
    }
    // Several destinations repeat their guards: they are one place. A gateway or a waypoint begins a new way.
    const since = Math.max(0, row.map((one) => one.place === 'gateway' || one.place === 'waypoint').lastIndexOf(true));
    const known = row.find((one, index) => index >= since && one.place === place);
    if (known) known.steps.push(at);
    else row.push({ place, steps: [at], link });
    if (known) known.link.push(...link);
    link = [];
  });
  const tone = toneOfOutcome(verdict.outcome);
  const ends = verdict.outcome === 'direct' || verdict.outcome === 'redirected' || tone === 'bad' || verdict.outcome === 'aborted';
  // A refused connection is a transport that nobody took: it ends on its way to the destination.
  if (!row.some(({ place }) => place === 'end') && (link.length > 0 || !ends)) row.push({ place: 'end', steps: [], link });
  const last = row.length - 1;
  const lastState = verdict.outcome === 'unknown' ? 'unknown' : tone === 'bad' || verdict.outcome === 'aborted' ? 'stopped' : 'passed';
  const found: Station[] = row.map((one, i) => ({ ...one, state: i === last ? lastState : 'passed' }));
  if (tone === 'bad' && found.at(-1)?.place !== 'end') found.push({ place: 'end', steps: [], link: [], state: 'ahead' });
  return found;
}

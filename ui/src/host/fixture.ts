import type { Answer, Args } from '../state/query.svelte';
import type { Calls } from '../wire/generated/calls';
import type { Fault, Pulse } from '../wire/generated/types';
import { shop } from './fixtures/shop';
import type { Host } from './host';

/** Canned answers, typed by the wire: for tests, and for looking at the UI without a core. */
export type Answers = { readonly [N in keyof Calls]?: Answer<N> | ((args: Args<N>) => Answer<N> | Promise<Answer<N>>) };

export interface FixtureHost extends Host {
  readonly kind: 'fixture';
  /** What was asked, in order. */
  readonly asked: { readonly name: string; readonly args: unknown }[];
  /** Sends a pulse to whoever watches. */
  pulse(pulse: Pulse): void;
}

/** A host that answers from a table; what is not in it fails as the core would say it. */
export function fixtureHost(answers: Answers = shop): FixtureHost {
  const asked: { name: string; args: unknown }[] = [];
  const watchers = new Set<(pulse: Pulse) => void>();
  const table = answers as Readonly<Record<string, unknown>>;
  return {
    kind: 'fixture',
    asked,
    async call(name, args) {
      asked.push({ name, args });
      const answer = table[camel(name)];
      if (answer === undefined) throw { code: 'not-now', message: `${name}: not in this fixture`, zh: '', hint: '', hintZh: '', about: null } satisfies Fault;
      return typeof answer === 'function' ? ((await (answer as (args: unknown) => unknown)(args)) as unknown) : structuredClone(answer);
    },
    watch(session, onPulse) {
      watchers.add(onPulse);
      const beat = (): void => onPulse({ session, revision: 1, link: 'live', heardAt: Date.now() - 400, spoiled: [] });
      queueMicrotask(beat);
      return () => watchers.delete(onPulse);
    },
    pulse: (pulse) => watchers.forEach((watcher) => watcher(pulse)),
    openWindow: () => Promise.resolve(),
    saveFile: (name) => Promise.resolve(name),
    openUrl: () => Promise.resolve(),
    log: () => undefined,
  };
}

/** `draft_put` → `draftPut`: the table is keyed as the typed client is. */
const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

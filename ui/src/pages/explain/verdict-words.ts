import type { Tone } from '../../design/tone';
import { percent } from '../../i18n/format';
import type { Lost, Outcome, Secured, Verdict } from '../../wire/generated/types';
import { t } from './words';

export function toneOfOutcome(outcome: Outcome): Tone {
  switch (outcome) {
    case 'forwarded':
      return 'ok';
    case 'direct':
    case 'redirected':
      return 'info';
    case 'unknown':
      return 'plain';
    case 'aborted':
      return 'warn';
    case 'denied':
    case 'no-route':
    case 'no-destination':
    case 'refused':
    case 'blocked':
    case 'unresolved':
      return 'bad';
  }
}

/** Where a part is lost it is neither good nor bad. */
export const toneOfVerdict = ({ outcome, lost = [] }: Verdict): Tone => (lost.length > 0 ? 'warn' : toneOfOutcome(outcome));

/** `at reviews-v3: Denied (403)` */
export function lostInWords({ outcome, status, workloads }: Lost): string {
  const plain = outcome === 'redirected' || outcome === 'forwarded' ? t('forwardedPlain') : t(outcome);
  const end = status === null ? plain : t('withStatus', { outcome: plain, status: String(status) });
  return workloads.length > 0 ? t('lostAt', { at: workloads.join(', '), end }) : end;
}

export function outcomeInWords(verdict: Verdict, destinations: readonly string[]): string {
  const lost = (verdict.lost ?? []).reduce((sum, { share }) => sum + share, 0);
  switch (verdict.outcome) {
    case 'forwarded':
      if (lost > 0) return t('forwardedPart', { share: percent(1 - lost), to: destinations.join(', ') });
      return destinations.length > 0 ? t('forwarded', { to: destinations.join(', ') }) : t('forwardedPlain');
    case 'redirected':
      return t('redirected', { location: verdict.location ?? '' });
    default:
      return t(verdict.outcome);
  }
}

export const transportInWords = (transport: Secured): string => (transport === 'unknown' ? t('unknownTransport') : t(transport));

const STEPS: Readonly<Record<string, () => string>> = {
  resolve: () => t('step_resolve'),
  route: () => t('step_route'),
  split: () => t('step_split'),
  subset: () => t('step_subset'),
  transport: () => t('step_transport'),
  authenticate: () => t('step_authenticate'),
  authorize: () => t('step_authorize'),
  deliver: () => t('step_deliver'),
  gateway: () => t('step_gateway'),
  fault: () => t('step_fault'),
  leave: () => t('step_leave'),
  connect: () => t('step_connect'),
  waypoint: () => t('step_waypoint'),
  tunnel: () => t('step_tunnel'),
  redirect: () => t('step_redirect'),
  answer: () => t('step_answer'),
  destination: () => t('step_destination'),
  read: () => t('step_read'),
  listen: () => t('step_listen'),
  host: () => t('step_host'),
  policy: () => t('step_policy'),
  server: () => t('step_server'),
};

/** A step that this window has no word for is shown by its own name. */
export const stepName = (step: string): string => STEPS[step]?.() ?? step;

/** What else happens to the request: `timeout 2s`, `2 retries on 5xx` … */
export function additions(verdict: Verdict): string[] {
  const said: string[] = [];
  const { timeout, retries, fault, rewrite, requestHeaders } = verdict;
  if (timeout) said.push(t('timeout', { time: timeout }));
  if (retries) said.push(retries.on ? t('retriesOn', { n: retries.attempts, on: retries.on }) : t('retries', { n: retries.attempts }));
  if (fault.delay) said.push(t('delay', { time: fault.delay.duration, share: percent(fault.delay.percent / 100) }));
  if (fault.abort) said.push(t('abort', { status: String(fault.abort.status), share: percent(fault.abort.percent / 100) }));
  for (const mirror of verdict.mirror) said.push(t('mirrored', { to: [mirror.service, mirror.subset].filter(Boolean).join(' '), share: percent(mirror.percent / 100) }));
  const to = [rewrite.authority, rewrite.path].filter(Boolean).join('');
  if (to) said.push(t('rewritten', { to }));
  const names = [...Object.keys(requestHeaders.set), ...Object.keys(requestHeaders.add), ...requestHeaders.remove];
  if (names.length > 0) said.push(t('setsHeaders', { names: names.join(', ') }));
  return said;
}

import type { Tone } from '../../design/tone';
import type { ProxyRow, SyncState } from '../../wire/generated/types';

/** Readings of a proxy's row that the table and its panel share. None of them decides anything: health and diagnosis are the core's. */
export const toneOfSync: Readonly<Record<SyncState, Tone>> = { synced: 'ok', stale: 'warn', 'not-sent': 'plain', error: 'bad', 'no-xds': 'plain', unknown: 'plain' };

/** From the worst to the best. */
export const severity: Readonly<Record<ProxyRow['health'], number>> = { bad: 0, warn: 1, unknown: 2, idle: 3, ok: 4 };

/** From the worst to the best. */
export const severityOfSync: Readonly<Record<SyncState, number>> = { error: 0, stale: 1, unknown: 2, 'not-sent': 3, synced: 4, 'no-xds': 5 };

export const idOf = (row: ProxyRow): string => `${row.namespace}/${row.pod}`;

/** How much of what it may have is used: of the limit, or of the request where there is no limit. Null where nothing was measured. */
export type Use = { readonly share: number; readonly mark: number | null; readonly of: 'limit' | 'request'; readonly tone: Tone };

export function use(usage: number | null, request: number | null, limit: number | null): Use | null {
  if (usage === null) return null;
  const top = limit ?? request;
  if (top === null || top === 0) return null;
  const share = usage / top;
  const near = limit !== null;
  return {
    share,
    mark: near && request !== null ? request / top : null,
    of: near ? 'limit' : 'request',
    tone: near && share >= 0.9 ? 'bad' : near && share >= 0.75 ? 'warn' : 'info',
  };
}

/** Who an identity of SPIFFE or of Linkerd is, as `namespace/account`; one that is not of Kubernetes as it is, without its scheme. */
export function account(spiffe: string): string {
  const [, namespace, name] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(spiffe) ?? [];
  const [, own, home] = /^([^.]+)\.([^.]+)\.serviceaccount\.identity\b/.exec(spiffe) ?? [];
  if (own && home) return `${home}/${own}`;
  return namespace && name ? `${namespace}/${name}` : spiffe.replace(/^spiffe:\/\//, '');
}

/** When what a proxy has not acknowledged was sent: the oldest of it. Null where nothing waits, or nobody tells. */
export function staleSince(row: ProxyRow): number | null {
  const sent = row.types.flatMap(({ state, sentAt }) => (state === 'stale' && sentAt !== null ? [sentAt] : []));
  return sent.length === 0 ? null : Math.min(...sent);
}

export const isHot = (row: ProxyRow): boolean =>
  [use(row.cpuUsage, row.cpuRequest, row.cpuLimit), use(row.memoryUsage, row.memoryRequest, row.memoryLimit)].some((one) => one?.tone === 'bad');

/** Something is known of what it has: its control plane told it, or it did itself. */
const hasAnswered = (row: ProxyRow): boolean => (row.sync !== 'unknown' && row.sync !== 'no-xds') || row.certificate !== null || row.size !== null;

/** How many of those that run answered, and how many did not. One that answered may still lack a fact: that is said in its row. */
export function answers(rows: readonly ProxyRow[]): { readonly answered: number; readonly silent: number } {
  const running = rows.filter((row) => row.presence === 'running');
  const answered = running.filter(hasAnswered).length;
  return { answered, silent: running.length - answered };
}

/** The sum of what is known; null where nothing is. */
export function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

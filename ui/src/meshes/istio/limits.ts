/** The limits of a DestinationRule, for the service as a whole: what callers may have under way, and when instances are left out. */
import type { CallerPressure, ServicePressure, YamlEdit } from '../../wire/generated/types';
import { brief, isRecord, numberOf, parentOf, partsOf, pointer, recordOf, textOf, valueAt } from '../../lib/json';
import { remove, set } from '../../lib/yaml-edits';
import type { Kept } from '../routing';

const POLICY = '/spec/trafficPolicy';
const POOL = `${POLICY}/connectionPool`;
const OUTLIERS = `${POLICY}/outlierDetection`;

/** What can be limited; `used` and `most` are what a proxy says of one cluster. */
export const LIMITS = [
  { key: 'connections', at: `${POOL}/tcp/maxConnections` },
  { key: 'waiting', at: `${POOL}/http/http1MaxPendingRequests` },
  { key: 'requests', at: `${POOL}/http/http2MaxRequests` },
] as const;
export type LimitKey = (typeof LIMITS)[number]['key'];

export const OUTLIER = {
  errors: `${OUTLIERS}/consecutive5xxErrors`,
  interval: `${OUTLIERS}/interval`,
  away: `${OUTLIERS}/baseEjectionTime`,
  most: `${OUTLIERS}/maxEjectionPercent`,
} as const;

export interface Limits {
  readonly of: Readonly<Record<LimitKey, number | null>>;
  readonly errors: number | null;
  readonly interval: string;
  readonly away: string;
  readonly most: number | null;
  /** Instances that fail are left out. */
  readonly watches: boolean;
}

export function readLimits(value: unknown): Limits {
  const number = (at: string): number | null => numberOf(valueAt(value, at));
  return {
    of: { connections: number(LIMITS[0].at), waiting: number(LIMITS[1].at), requests: number(LIMITS[2].at) },
    errors: number(OUTLIER.errors),
    interval: textOf(valueAt(value, OUTLIER.interval)),
    away: textOf(valueAt(value, OUTLIER.away)),
    most: number(OUTLIER.most),
    watches: isRecord(valueAt(value, OUTLIERS)),
  };
}

const SHOWN: readonly string[] = [...LIMITS.map(({ at }) => at), ...Object.values(OUTLIER)];

/** What is kept as written beside the limits: of the policy that holds them, only what they do not show. */
export function besideLimits(value: unknown, kept: readonly Kept[]): Kept[] {
  return kept.flatMap((field) => (field.pointer === POLICY ? rest(valueAt(value, POLICY), POLICY) : [field]));
}

function rest(value: unknown, at: string): Kept[] {
  if (SHOWN.includes(at)) return [];
  if (isRecord(value) && SHOWN.some((one) => one.startsWith(`${at}/`))) return Object.entries(value).flatMap(([name, one]) => rest(one, pointer(at, name)));
  return [{ pointer: at, name: partsOf(at).slice(1).join('.'), text: brief(value) }];
}

/** Sets a limit; one that is taken away takes with it what then holds nothing. */
export function setLimit(value: unknown, at: string, wanted: number | string | null): YamlEdit[] {
  const now = valueAt(value, at);
  if (wanted !== null && wanted !== '') return now === wanted ? [] : [set(at, wanted)];
  if (now === undefined) return [];
  let gone = at;
  for (let up = parentOf(at); up !== '/spec' && up !== ''; up = parentOf(up)) {
    if (Object.keys(recordOf(valueAt(value, up))).length > 1) break;
    gone = up;
  }
  return [remove(gone)];
}

export interface Use {
  readonly value: number;
  /** The pod whose proxy has most under way. */
  readonly who: string;
}

const clusters = ({ callers }: ServicePressure): (CallerPressure['clusters'][number] & { pod: string })[] =>
  callers.flatMap(({ pod, clusters }) => clusters.map((cluster) => ({ ...cluster, pod })));

/** What the busiest proxy has under way to one version of the service, for each caller has its limits for itself; null where nobody calls. */
export function busiest(pressure: ServicePressure, key: LimitKey): Use | null {
  const all = clusters(pressure).map((one) => ({ value: one[key], who: one.pod }));
  return all.reduce<Use | null>((most, one) => (most === null || one.value > most.value ? one : most), null);
}

/** What was refused for limits since the proxies started; null where none of them keeps that. */
export function refused(pressure: ServicePressure): number | null {
  const all = clusters(pressure).flatMap((one) => (one.refused === null ? [] : [one.refused]));
  return all.length === 0 ? null : all.reduce((sum, one) => sum + one, 0);
}

/** Instances that a caller leaves out, at the most, and of how many. */
export function leftOut(pressure: ServicePressure): { readonly out: number; readonly of: number } | null {
  const all = clusters(pressure).filter(({ instances }) => instances > 0);
  const worst = all.reduce<(typeof all)[number] | null>((most, one) => (most === null || one.leftOut > most.leftOut || (one.leftOut === most.leftOut && one.instances > most.instances) ? one : most), null);
  return worst && { out: worst.leftOut, of: worst.instances };
}

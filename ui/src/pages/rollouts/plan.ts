import type { ForeignHealth, GateVerdict, Rollout, RolloutGate, RolloutMetric, RolloutPhase, RolloutPlan, RolloutStep } from '../../wire/generated/types';
import type { Tone } from '../../design/tone';

/** What a plan starts from: slow first, then bolder, with one gate. */
export function newPlan(): RolloutPlan {
  return {
    name: '',
    namespace: '',
    service: '',
    kind: 'VirtualService',
    route: '',
    routeNamespace: '',
    stable: '',
    canary: '',
    intervalSeconds: 30,
    steps: stepsFrom(0),
    gates: [newGate('success-rate')],
    tolerance: 0,
    minRequests: 10,
    patienceSeconds: 300,
    lagSeconds: 60,
    onFailure: 'return',
    interrupted: 'hold',
  };
}

/** Steps from the share, 0 to 1, that the new version has already. */
export function stepsFrom(share: number): RolloutStep[] {
  const minutes = [[5, 5], [25, 10], [50, 10], [100, 5]] as const;
  const steps = minutes.map(([weight, pause]) => ({ weight, mirror: 0, cohort: null, pauseSeconds: pause * 60 }));
  return steps.filter(({ weight }) => weight > share * 100 || weight === 100);
}

/** Bounds that mean something for a metric. */
export function newGate(metric: RolloutMetric): RolloutGate {
  const gate: RolloutGate = { metric, query: '', name: '', min: null, max: null, maxOverStable: null };
  if (metric === 'promql') return { ...gate, query: ERRORS_A_SECOND, name: 'errors a second', max: 0.1 };
  return metric === 'success-rate' ? { ...gate, min: 99 } : { ...gate, max: 500 };
}

/** What a query may look like; a rate needs two scrapes at least. */
const ERRORS_A_SECOND =
  'sum(rate(istio_requests_total{destination_service_namespace="{{namespace}}",destination_service_name="{{service}}",destination_version="{{version}}",response_code=~"5.."}[2m])) or vector(0)';

/** The list with one item changed. */
export const changed = <T>(list: readonly T[], at: number, change: Partial<T>): T[] => list.map((item, i) => (i === at ? { ...item, ...change } : item));

/** The next step after the last: halfway to all. */
export function nextStep(steps: readonly RolloutStep[]): RolloutStep {
  const last = steps.at(-1)?.weight ?? 0;
  return { weight: last >= 100 ? 100 : Math.max(last + 1, Math.round((last + 100) / 2)), mirror: 0, cohort: null, pauseSeconds: 300 };
}

/** Seconds that the plan takes where every gate holds; null where a person has to promote. */
export function length(steps: readonly RolloutStep[]): number | null {
  return steps.reduce<number | null>((sum, { pauseSeconds }) => (sum === null || pauseSeconds === null ? null : sum + pauseSeconds), 0);
}

/** How wide a step is drawn beside others: longer is wider, by its logarithm, so that a minute is still seen beside a day. */
export const widthOf = (seconds: number): number => Math.round((1 + Math.log2(1 + seconds / 60)) * 100) / 100;

export const toneOfPhase: Readonly<Record<RolloutPhase, Tone>> = {
  moving: 'info',
  watching: 'info',
  waiting: 'accent',
  paused: 'warn',
  returning: 'bad',
  done: 'ok',
  returned: 'bad',
  stopped: 'warn',
};

export const verdictTone: Readonly<Record<GateVerdict, Tone>> = { holds: 'ok', fails: 'bad', unknown: 'warn' };

export const foreignTone: Readonly<Record<ForeignHealth, Tone>> = { going: 'info', paused: 'accent', done: 'ok', failed: 'bad', unknown: 'warn' };

/** Where a step of a rollout stands. */
export type Stand = 'done' | 'now' | 'ahead' | 'failed';

export function standOf({ step, phase }: Pick<Rollout, 'step' | 'phase'>, at: number): Stand {
  if (phase === 'done' || at < step) return 'done';
  if (at > step) return 'ahead';
  return phase === 'returning' || phase === 'returned' ? 'failed' : 'now';
}

/** The commands that have a meaning now. */
export function canDo(phase: RolloutPhase): { promote: boolean; pause: boolean; resume: boolean; abort: boolean } {
  const going = phase === 'watching' || phase === 'waiting' || phase === 'moving';
  return { promote: phase === 'watching' || phase === 'waiting' || phase === 'paused', pause: going, resume: phase === 'paused', abort: going || phase === 'paused' };
}

/** What is drawn of both versions: what gates may look at, and how much each is asked. */
export type Drawn = RolloutMetric | 'rate';

/** A metric of both versions over the looks, and the bounds that the gates set on it. */
export interface Series {
  readonly metric: Drawn;
  /** What a query's answer is called; empty for what the proxies count. */
  readonly name: string;
  readonly at: readonly number[];
  readonly stable: readonly (number | null)[];
  readonly canary: readonly (number | null)[];
  /** One line each; one that follows the stable version is nowhere where that is not known. */
  readonly bounds: readonly (readonly (number | null)[])[];
}

/** Requests, success and latency of both versions whatever the gates look at, and one series for each query. */
export function series(rollout: Rollout): Series[] {
  const { gates } = rollout.plan;
  const at = rollout.checks.map((check) => rollout.startedAt / 1000 + check.at);
  const boundsOf = ({ metric, min, max, maxOverStable: over }: RolloutGate, stable: Series['stable']): Series['bounds'] => {
    const fixed = [min, max].filter((bound) => bound !== null).map((bound) => at.map(() => bound));
    // Worse is less of success, and more of anything else.
    const beside = over === null ? [] : [stable.map((value) => (value === null ? null : metric === 'success-rate' ? value - over : value + over))];
    return [...fixed, ...beside];
  };
  const measured = (['rate', 'success-rate', 'p50', 'p99'] as const).flatMap((metric): Series[] => {
    const looked = gates.filter((gate) => gate.metric === metric);
    const stable = rollout.checks.map((check) => valueOf(metric, check.stable));
    const canary = rollout.checks.map((check) => valueOf(metric, check.canary));
    const isKnown = [...stable, ...canary].some((value) => value !== null);
    // Of latency one quantile is enough for who did not ask for another.
    if (looked.length === 0 && (metric === 'p50' || !isKnown)) return [];
    return [{ metric, name: '', at, stable, canary, bounds: looked.flatMap((gate) => boundsOf(gate, stable)) }];
  });
  const asked = gates.flatMap((gate, place): Series[] => {
    if (gate.metric !== 'promql') return [];
    const judged = rollout.checks.map((check) => check.judged[place]);
    const stable = judged.map((one) => one?.stable ?? null);
    return [{ metric: 'promql', name: gate.name, at, stable, canary: judged.map((one) => one?.value ?? null), bounds: boundsOf(gate, stable) }];
  });
  return [...measured, ...asked];
}

type Rates = Rollout['checks'][number]['stable'];

function valueOf(metric: Exclude<Drawn, 'promql'>, rates: Rates): number | null {
  if (!rates) return null;
  if (metric === 'rate') return rates.requestsPerSecond;
  if (metric === 'success-rate') return rates.requestsPerSecond > 0 ? (1 - rates.errorShare) * 100 : null;
  return metric === 'p50' ? rates.p50 : rates.p99;
}

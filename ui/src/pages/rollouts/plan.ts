import type { GateVerdict, Rollout, RolloutGate, RolloutMetric, RolloutPhase, RolloutPlan, RolloutStep } from '../../wire/generated/types';
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
export const newGate = (metric: RolloutMetric): RolloutGate =>
  metric === 'success-rate' ? { metric, min: 99, max: null, maxOverStable: null } : { metric, min: null, max: 500, maxOverStable: null };

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

/** A metric of both versions over the looks, and the bounds that the gates set on it. */
export interface Series {
  readonly metric: RolloutMetric;
  readonly at: readonly number[];
  readonly stable: readonly (number | null)[];
  readonly canary: readonly (number | null)[];
  readonly bounds: readonly number[];
}

/** One series for each metric that a gate looks at. */
export function series(rollout: Rollout): Series[] {
  const metrics = [...new Set(rollout.plan.gates.map((gate) => gate.metric))];
  const at = rollout.checks.map((check) => rollout.startedAt / 1000 + check.at);
  return metrics.map((metric) => ({
    metric,
    at,
    stable: rollout.checks.map(({ stable }) => valueOf(metric, stable)),
    canary: rollout.checks.map(({ canary }) => valueOf(metric, canary)),
    bounds: rollout.plan.gates.filter((gate) => gate.metric === metric).flatMap(({ min, max }) => [min, max].filter((bound) => bound !== null)),
  }));
}

type Rates = Rollout['checks'][number]['stable'];

function valueOf(metric: RolloutMetric, rates: Rates): number | null {
  if (!rates) return null;
  if (metric === 'success-rate') return rates.requestsPerSecond > 0 ? (1 - rates.errorShare) * 100 : null;
  return metric === 'p50' ? rates.p50 : rates.p99;
}

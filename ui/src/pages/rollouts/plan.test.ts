import { describe, expect, it } from 'vitest';
import type { Rollout } from '../../wire/generated/types';
import { canDo, changed, length, newGate, newPlan, nextStep, series, standOf, stepsFrom, widthOf } from './plan';

const rates = (errorShare: number, p99: number | null) => ({ requestsPerSecond: 4, errorShare, p50: null, p99 });
const rollout: Rollout = {
  id: 1, user: 'ann', startedAt: 1_000_000, heardAt: 0, isOurs: true, isOver: false, step: 1, phase: 'watching', phaseBecause: null, because: '', zh: '',
  weight: 25, mirror: 0, heldSeconds: 10, entries: [], gateways: [],
  plan: { ...newPlan(), gates: [newGate('success-rate'), { ...newGate('p99'), maxOverStable: 50 }, { ...newGate('promql'), name: 'orders' }] },
  checks: [
    { at: 30, step: 0, weight: 5, stable: rates(0, 20), canary: null, judged: [] },
    { at: 60, step: 1, weight: 25, stable: rates(0, 20), canary: rates(0.02, 30), judged: [0, 1, 2].map(() => ({ verdict: 'holds', value: 0.05, stable: null, early: null, because: '', zh: '' })) },
  ],
};

describe('a plan', () => {
  it('takes as long as its steps, or until a person promotes', () => {
    expect(length(newPlan().steps)).toBe(1800);
    expect(length(changed(newPlan().steps, 1, { pauseSeconds: null }))).toBeNull();
  });

  it('is drawn by the length of its steps, in which a minute is still seen beside a day', () => {
    const [none, minute, five, day] = [0, 60, 300, 86_400].map(widthOf);
    expect([none, minute, five]).toEqual([1, 2, 3.58]);
    expect(day).toBeGreaterThan(11);
    expect(day).toBeLessThan(12);
  });

  it.each([[0, [5, 25, 50, 100]], [0.1, [25, 50, 100]], [0.5, [100]], [1, [100]]])('starts above a share of %d', (share, weights) => {
    expect(stepsFrom(share).map(({ weight }) => weight)).toEqual(weights);
  });

  it.each([[[], 50], [[5], 53], [[99], 100], [[100], 100]])('goes on from %j with %d percent', (weights, expected) => {
    expect(nextStep(weights.map((weight) => ({ weight, mirror: 0, cohort: null, pauseSeconds: 0 }))).weight).toBe(expected);
  });
});

describe('a rollout', () => {
  it('has steps behind, one under way, and steps ahead', () => {
    expect([0, 1, 2].map((at) => standOf(rollout, at))).toEqual(['done', 'now', 'ahead']);
    expect(standOf({ step: 1, phase: 'returned' }, 1)).toBe('failed');
    expect(standOf({ step: 3, phase: 'done' }, 3)).toBe('done');
  });

  it('takes only commands that mean something', () => {
    expect(canDo('waiting')).toEqual({ promote: true, pause: true, resume: false, abort: true });
    expect(canDo('paused')).toEqual({ promote: true, pause: false, resume: true, abort: true });
    expect(Object.values(canDo('returned')).some(Boolean)).toBe(false);
  });

  it('draws requests, success, latency and queries of both versions, with gaps and bounds', () => {
    const at = [1030, 1060];
    expect(series(rollout)).toEqual([
      { metric: 'rate', name: '', at, stable: [4, 4], canary: [null, 4], bounds: [] },
      { metric: 'success-rate', name: '', at, stable: [100, 100], canary: [null, 98], bounds: [[99, 99]] },
      { metric: 'p99', name: '', at, stable: [20, 20], canary: [null, 30], bounds: [[500, 500], [70, 70]] },
      { metric: 'promql', name: 'orders', at, stable: [null, null], canary: [null, 0.05], bounds: [[0.1, 0.1]] },
    ]);
    const bare = { ...rollout, plan: { ...rollout.plan, gates: [{ ...newGate('success-rate'), min: null, maxOverStable: 1 }] } };
    expect(series(bare).map(({ metric, bounds }) => [metric, bounds])).toEqual([['rate', []], ['success-rate', [[99, 99]]], ['p99', []]]);
  });
});

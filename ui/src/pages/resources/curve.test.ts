import { expect, it } from 'vitest';
import type { ResourceSample } from '../../wire/generated/types';
import { gapsOf } from './curve';

it('says at how many moments a sum lacks proxies', () => {
  const one = (at: number, unknown: number): ResourceSample => ({ at, cpu: 1, cpuPeak: 1, memory: 1, memoryPeak: 1, unknown });
  expect(gapsOf([one(0, 0), one(1, 0)])).toBe('');
  expect(gapsOf([one(0, 2), one(1, 0), one(2, 5), one(3, 0)])).toMatch(/^At 2 of 4 moments, .* some proxies were not measured, up to 5:/);
});

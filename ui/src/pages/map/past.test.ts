import { expect, it } from 'vitest';
import { nearest } from './past';

it('finds the moment that is closest to a time', () => {
  const moments = [10, 20, 40];
  expect([0, 14, 16, 31, 99].map((at) => nearest(moments, at))).toEqual([0, 0, 1, 2, 2]);
  expect(nearest([], 5)).toBe(0);
});

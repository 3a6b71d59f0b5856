import { expect, it } from 'vitest';
import type { ServerCost } from '../wire/generated/types';
import { costLines, costOf } from './cost';

const cost: ServerCost = {
  server: 'demo',
  minute: [
    { sort: 'watch', asked: 2, bytes: 2_097_152, waited: 0 },
    { sort: 'counters', asked: 1040, bytes: 1_048_576, waited: 12.4 },
  ],
  asked: 5000,
  bytes: 8_388_608,
  openedAt: 0,
};

it('says what a minute cost, and what it went for', () => {
  expect(costOf(cost)).toBe('Netloft asked demo 1,042 times in the last minute: 3 Mi read, 12 s of waiting');
  const [followed, counters, whole] = costLines(cost).split('\n');
  expect(followed).toBe('objects that are followed, logs: 2 begun, 2 Mi');
  expect(counters).toBe('counters of proxies and control planes: 1,040, 1 Mi, 12 s');
  expect(whole).toMatch(/^Since .*: 5,000, 8 Mi\./);
});

it('says nothing where nothing was asked', () => {
  expect(costOf({ ...cost, minute: [] })).toBe('');
  expect(costOf(null)).toBe('');
});

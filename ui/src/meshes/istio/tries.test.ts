import { expect, it } from 'vitest';
import { seconds, triesOf } from './tries';

it('reads durations, and nothing else', () => {
  expect(['1.5s', '500ms', '1m30s', '2h'].map(seconds)).toEqual([1.5, 0.5, 90, 7200]);
  expect(['', '0s', '5', 'x', '1 s', '-1s'].map(seconds)).toEqual([null, null, null, null, null, null]);
});

it('lays tries one after the other, and cuts them where the time is up', () => {
  const fates = (timeout: string, attempts: number | null, perTryTimeout: string): string[] => triesOf({ timeout, retries: { attempts, perTryTimeout } }).all.map(({ from, to, fate }) => `${String(from)}-${String(to)} ${fate}`);
  expect(fates('5s', 2, '2s')).toEqual(['0-2 whole', '2-4 whole', '4-6 cut']);
  expect(fates('4s', 3, '2s')).toEqual(['0-2 whole', '2-4 whole', '4-6 never', '6-8 never']);
  expect(fates('', 1, '500ms')).toEqual(['0-0.5 whole', '0.5-1 whole']);
  expect(fates('3s', 2, '')).toEqual(['0-3 whole', '3-3 never', '3-3 never']);
  expect(fates('', null, '')).toEqual(['0-null whole']);
  expect(triesOf({ timeout: '5s', retries: { attempts: 2, perTryTimeout: '2s' } }).length).toBe(6);
  expect(triesOf({ timeout: '2s', retries: null })).toEqual({ all: [{ from: 0, to: 2, fate: 'whole' }], limit: 2, each: null, length: 2 });
  expect(triesOf({ timeout: '', retries: { attempts: 1e9, perTryTimeout: '1s' } }).all).toHaveLength(12);
});

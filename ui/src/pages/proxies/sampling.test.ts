import { expect, it } from 'vitest';
import { samplingCost } from './sampling';

it('says what looking costs, by the minute', () => {
  expect(samplingCost({ proxies: 36, bytes: 60_000, seconds: 0.25, every: 6 })).toBe('counters read every 6 s: 250 ms, 586 Ki a minute');
  expect(samplingCost({ proxies: 10_039, bytes: 330_000, seconds: 18.395, every: 33 })).toBe('counters read every 33 s: 18 s, 586 Ki a minute');
  expect(samplingCost({ proxies: 0, bytes: 0, seconds: 0, every: 0 })).toBe('');
});

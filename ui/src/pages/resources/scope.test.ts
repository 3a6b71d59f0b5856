import { expect, it } from 'vitest';
import { saving } from './scope';

it('tells what was to be saved beside what is, and nothing before that is measured', () => {
  const before = { clusters: 53, bytes: 60 * 1024, predicted: 15 * 1024 };
  expect(saving(before, { clusters: 12, bytes: 20 * 1024 })).toBe('Before, the largest held 53 clusters, 60 Ki. To be saved were 45 Ki, measured are 40 Ki.');
  expect(saving(before, { clusters: 0, bytes: 0 })).toContain('measured once the proxies have taken it up');
  expect(saving({ ...before, predicted: null }, { clusters: 60, bytes: 70 * 1024 })).toBe('Before, the largest held 53 clusters, 60 Ki: 0 B are saved.');
});

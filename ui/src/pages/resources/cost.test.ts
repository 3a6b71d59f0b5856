import { expect, it } from 'vitest';
import type { ResourceRow } from '../../wire/generated/types';
import { byNamespace, share, total } from './cost';

const none = { cpu: null, memory: null };
const row = (namespace: string, workload: string, cpu: number | null): ResourceRow => ({
  namespace,
  workload,
  mesh: 'Istio',
  role: 'sidecar',
  proxies: 2,
  used: { cpu, memory: cpu === null ? null : 10 },
  requested: { cpu: 100, memory: null },
  limited: none,
  app: { cpu: 40, memory: null },
  advice: null,
  adviceIn: 12,
  saving: none,
});

it('adds what is known and keeps unknown unknown', () => {
  const all = total([row('a', 'x', 5), row('a', 'y', null)]);
  expect([all.proxies, all.used.cpu, all.requested.cpu, all.requested.memory, all.saving.cpu]).toEqual([4, 5, 200, null, null]);
  expect(byNamespace([row('a', 'x', 5), row('b', 'y', 7), row('a', 'z', 1)]).map(({ name, used }) => `${name} ${used.cpu}`)).toEqual(['a 6', 'b 7']);
  expect([share(5, 10), share(null, 10), share(5, 0)]).toEqual([0.5, null, null]);
});

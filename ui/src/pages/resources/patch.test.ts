import { expect, test } from 'vitest';
import type { SizeAdvice } from '../../wire/generated/types';
import { patchOf } from './patch';

const annotations = { 'sidecar.istio.io/proxyCPU': '10m', 'sidecar.istio.io/proxyCPULimit': '100m', 'sidecar.istio.io/proxyMemory': '40Mi', 'sidecar.istio.io/proxyMemoryLimit': '128Mi' };
const advice: SizeAdvice = {
  to: { cpuRequest: 10, cpuLimit: 100, memoryRequest: 41943040, memoryLimit: 134217728 },
  source: 'sampled',
  seen: 600,
  cpuP95: 8,
  memoryMost: 3e7,
  place: 'annotations',
  annotations,
};

test('an advice is written where its proxies read it', () => {
  expect(patchOf(advice).split('\n')).toEqual(Object.entries(annotations).map(([name, value]) => `${name}: "${value}"`));
  for (const place of ['container', 'controller'] as const)
    expect(patchOf({ ...advice, place })).toBe('resources:\n  requests:\n    cpu: 10m\n    memory: 40Mi\n  limits:\n    cpu: 100m\n    memory: 128Mi');
});

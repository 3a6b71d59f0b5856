import { expect, it } from 'vitest';
import { levelOf, namespaceOf, standIn } from './levels';

it.each([
  ['', 39, 'services'],
  ['', 401, 'namespaces'],
  ['services', 10_000, 'services'],
  ['workloads', 10, 'workloads'],
  ['namespaces', 3, 'namespaces'],
  ['all', 3, 'services'],
] as const)('"%s" of %i services shows %s', (asked, services, level) => expect(levelOf(asked, services)).toBe(level));

it('knows a namespace by its id', () => {
  expect([namespaceOf('namespace:prod'), namespaceOf('service:prod/reviews'), namespaceOf('external:namespace')]).toEqual(['prod', null, null]);
});

it('marks the namespace of what is open where only namespaces are drawn', () => {
  expect([standIn('namespaces', 'workload:prod/reviews-v1'), standIn('services', 'service:prod/reviews'), standIn('namespaces', 'external:a.example/b')]).toEqual([
    'namespace:prod',
    'service:prod/reviews',
    'external:a.example/b',
  ]);
});

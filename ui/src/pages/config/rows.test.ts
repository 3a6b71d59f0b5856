import { expect, it } from 'vitest';
import type { KindCard, ObjectRow } from '../../wire/generated/types';
import { fitting, kindGroups } from './rows';

const row = (kind: string, name: string, more: Partial<ObjectRow> = {}): ObjectRow => ({
  object: { group: 'networking.istio.io', kind, namespace: 'shop', name },
  version: 'v1',
  summary: 'splits reviews',
  summaryZh: '拆分 reviews',
  hosts: ['reviews'],
  createdAt: null,
  findings: 1,
  pending: false,
  owner: 'Helm (shop)',
  ...more,
});
const card = (kind: string, group = 'networking.istio.io', mesh = 'Istio'): KindCard => ({ mesh, group, version: 'v1', kind, namespaced: true, state: 'ready', because: '', zh: '' });

it('counts the objects of each kind, and keeps two kinds of one name apart', () => {
  const groups = kindGroups([card('Gateway'), card('VirtualService'), card('Gateway', 'gateway.networking.k8s.io', 'Gateway API')], [row('Gateway', 'edge'), row('VirtualService', 'a'), row('VirtualService', 'b')]);
  const short = [...groups].map(([mesh, kinds]) => [mesh, kinds.map(({ kind, count, findings }) => `${kind} ${count} ${findings}`)]);
  expect(short).toEqual([
    ['Istio', ['Gateway 1 1', 'VirtualService 2 2']],
    ['Gateway API', ['Gateway 0 0']],
  ]);
});

it.each([
  ['reviews helm', '', '', 2],
  ['helm nobody', '', '', 0],
  ['', 'networking.istio.io/Gateway', '', 1],
  ['', '', 'other', 0],
])('finds %j of kind %j in %j', (search, kind, namespace, many) => {
  expect(fitting([row('VirtualService', 'a'), row('Gateway', 'b')], { search, kind, namespace })).toHaveLength(many);
});

import { expect, it } from 'vitest';
import type { Graph, GraphNode, ObjectRow } from '../../wire/generated/types';
import { isRoute, rowOfObject, serviceRows } from './rows';

const node = (namespace: string, name: string, requestsPerSecond: number): GraphNode => ({
  id: `service:${namespace}/${name}`,
  kind: 'service',
  namespace,
  name,
  version: '',
  pods: 1,
  versions: 1,
  health: 'ok',
  because: '', zh: '',
  inMesh: true,
  requestsPerSecond,
  errorShare: 0,
  findings: 0,
  pending: false,
  ports: [],
  x: 0,
  y: 0,
  w: 0,
  h: 0,
});
const graph: Graph = {
  revision: 1,
  windowSeconds: 60,
  width: 0,
  height: 0,
  groups: [],
  nodes: [node('shop', 'ratings', 3), node('shop', 'reviews', 12), { ...node('shop', 'reviews-v1', 1), kind: 'workload' }],
  edges: [],
  unknown: [],
};
const object = (kind: string, name: string, hosts: string[], findings = 0): ObjectRow => ({
  object: { group: 'networking.istio.io', kind, namespace: 'shop', name },
  version: 'v1',
  summary: '',
  summaryZh: '',
  hosts,
  createdAt: null,
  findings,
  pending: false,
  owner: '',
});

it('puts services with a route first, and joins the objects of one service', () => {
  const rows = serviceRows(
    [
      object('VirtualService', 'reviews', ['reviews.shop.svc.cluster.local'], 1),
      object('DestinationRule', 'reviews', ['reviews']),
      object('VirtualService', 'outside', ['api.example.com']),
    ],
    graph,
  );
  expect(rows.map(({ key, routes, rules, isHost }) => [key, routes.length, rules.length, isHost])).toEqual([
    ['api.example.com', 1, 0, true],
    ['shop/reviews', 1, 1, false],
    ['shop/ratings', 0, 0, false],
  ]);
  expect(rows[1]).toMatchObject({ requestsPerSecond: 12, findings: 1 });
  expect(rowOfObject(rows, 'DestinationRule', 'shop', 'reviews')?.key).toBe('shop/reviews');
});

it('counts an object once, though it names the service twice', () => {
  const [row] = serviceRows([object('VirtualService', 'reviews', ['reviews', 'reviews.shop.svc.cluster.local'], 2)], undefined);
  expect(row).toMatchObject({ findings: 2 });
  expect(row?.routes).toHaveLength(1);
});

it('lists routes of the Gateway API with what they route, and no other mesh’s of the same kind', () => {
  const of = (group: string, hosts: string[]): ObjectRow => ({ ...object('HTTPRoute', 'reviews', hosts), object: { group, kind: 'HTTPRoute', namespace: 'shop', name: 'reviews' } });
  const ours = of('gateway.networking.k8s.io', ['reviews.shop.svc.cluster.local']);
  expect([ours, of('policy.linkerd.io', ['ratings'])].map((one) => isRoute(one.object))).toEqual([true, false]);
  const [row] = serviceRows([ours], graph);
  expect([row?.key, row?.apiRoutes.length, row?.routes.length]).toEqual(['shop/reviews', 1, 0]);
});

import { beforeEach, describe, expect, it } from 'vitest';
import { locale } from '../../state/locale.svelte';
import type { Graph, GraphEdge, GraphNode } from '../../wire/generated/types';
import { FACTS, sceneOf, search, widthOf, type Fact } from './scene-of';

const NODE: GraphNode = {
  id: 'service:shop/reviews', kind: 'service', namespace: 'shop', name: 'reviews', version: 'v1', pods: 2, versions: 1, health: 'ok', because: '', zh: '',
  inMesh: true, requestsPerSecond: 0, errorShare: 0, findings: 0, pending: false, ports: [], x: 0, y: 0, w: 168, h: 44,
};
const EDGE: GraphEdge = {
  id: 'a>b', from: 'a', to: 'b', requestsPerSecond: 128, errorShare: 0, p50: null, p99: null, secured: 'mtls', protocol: 'http', share: null,
  pendingShare: null, pendingCut: false, deniedPerSecond: 0, points: [0, 0, 1, 0, 2, 0, 3, 0],
};
const graph = (nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Graph => ({
  revision: 1, windowSeconds: 60, width: 300, height: 100, groups: [], nodes: [...nodes], edges: [...edges], unknown: [],
});
const ALL: ReadonlySet<Fact> = new Set(FACTS);
const edge = (change: Partial<GraphEdge>, facts = ALL): ReturnType<typeof sceneOf>['edges'][number] | undefined => sceneOf(graph([], [{ ...EDGE, ...change }]), facts).edges[0];
const sub = (change: Partial<GraphNode>, edges: readonly GraphEdge[] = []): string | undefined =>
  sceneOf(graph([{ ...NODE, ...change }], edges), ALL).nodes[0]?.sub.map(({ text, struck }) => (struck ? `~${text}~` : text)).join('');
const said = (found: ReturnType<typeof edge>): string => [found?.word, found?.label.map(({ text, struck }) => (struck ? `~${text}~` : text)).join('')].filter(Boolean).join(' ');

beforeEach(() => locale.set('en'));

describe('an edge', () => {
  it.each([
    ['flows', {}, 'ok', '128/s', 'lock', false],
    ['is quiet', { requestsPerSecond: 0, secured: 'unknown' }, 'idle', '', null, false],
    ['is plaintext', { secured: 'plaintext', requestsPerSecond: 0.4 }, 'warn', 'plain 0.4/s', 'open', false],
    ['fails a little', { errorShare: 0.021 }, 'warn', '2.1 % errors', 'lock', false],
    ['fails a lot', { errorShare: 0.5 }, 'bad', '50 % errors', 'lock', false],
    ['is refused', { requestsPerSecond: 1, deniedPerSecond: 1 }, 'bad', '1/s denied', 'lock', true],
    ['will be cut', { pendingCut: true, requestsPerSecond: 0.4 }, 'bad', '~0.4/s~ cut off', 'lock', true],
  ] as const)('that %s', (_, change, ink, label, lock, cut) => {
    const found = edge(change);
    expect([found?.ink, said(found), found?.lock, found?.cut]).toEqual([ink, label, lock, cut]);
  });

  it('says only what is asked for', () => {
    const found = edge({ errorShare: 0.5, p99: 41 }, new Set<Fact>(['latency']));
    expect([said(found), found?.lock]).toEqual(['41 ms', null]);
    expect(found?.more.map(({ text }) => text).join('')).toBe('128/s · 50 % errors · p99 41 ms · http · mutual TLS');
  });

  it('is wider for more requests, within bounds', () => {
    expect(widthOf(0)).toBeLessThan(widthOf(0.1));
    expect(widthOf(100)).toBeGreaterThan(widthOf(10));
    expect(widthOf(1e12)).toBe(4.5);
  });
});

describe('a node', () => {
  it.each([
    ['with one version', {}, 'v1 · 2 pods'],
    ['with several', { versions: 3 }, '3 versions'],
    ['without pods', { pods: 0, version: '' }, 'no pods'],
    ['outside of the mesh', { inMesh: false }, 'v1 · 2 pods · no proxy'],
    ['that is a namespace', { kind: 'namespace', namespace: '', version: 'STRICT', versions: 7 }, 'STRICT · 7 workloads'],
    ['that is a namespace without proxies', { kind: 'namespace', namespace: '', version: '', versions: 1, inMesh: false }, 'outside the mesh · 1 workload'],
    ['outside of the cluster', { kind: 'external', namespace: '' }, 'outside the cluster'],
  ] as const)('%s', (_, change, text) => expect(sub(change)).toBe(text));

  it('that is a version shows its share, and the one that waits beside the one it replaces', () => {
    const id = 'workload:shop/reviews-v1';
    const version = { ...EDGE, from: 'service:shop/reviews', to: id, share: 0.9 };
    expect(sub({ id }, [version])).toBe('90 % · 2 pods');
    expect(sub({ id }, [{ ...version, pendingShare: 0.8 }])).toBe('~90 %~ 80 % pending');
  });
});

it('gives the versions of a service their colours by name', () => {
  const edges = ['v3', 'v1', 'v2'].map((version) => ({ ...EDGE, id: version, from: 'service:shop/reviews', to: `workload:shop/reviews-${version}`, share: 0.3 }));
  expect(sceneOf(graph([], edges), ALL).edges.map(({ ink }) => ink)).toEqual(['v3', 'v1', 'v2']);
});

it('searches in names and namespaces, all words', () => {
  const nodes = [NODE, { ...NODE, name: 'ratings' }, { ...NODE, namespace: 'legacy', name: 'ratings' }];
  expect(search(nodes, ' ')).toBeNull();
  expect([...(search(nodes, 'RAT') ?? [])]).toEqual([1, 2]);
  expect([...(search(nodes, 'rat leg') ?? [])]).toEqual([2]);
});

import { expect, it } from 'vitest';
import { locale } from '../../state/locale.svelte';
import type { Graph, GraphEdge, GraphNode } from '../../wire/generated/types';
import { serviceChoices, versionsOf } from './choices';
import { recipeField, recipeName } from './recipe-words';

const node = (kind: 'service' | 'workload', name: string, version = '', namespace = 'shop'): GraphNode => ({ kind, id: `${kind}:${namespace}/${name}`, name, namespace, version }) as GraphNode;
const edge = (from: string, to: string): GraphEdge => ({ id: `${from}>${to}`, from, to }) as GraphEdge;
const graph = {
  nodes: [
    node('workload', 'critics-new', 'v2'),
    node('workload', 'reviews-v1', 'v1'),
    node('workload', 'reviews-v1', 'v1', 'dev'),
    node('service', 'reviews'),
    node('service', 'reviews', 'v1', 'dev'),
    node('service', 'ratings', '', 'dev'),
  ],
  edges: [edge('service:shop/reviews', 'workload:shop/critics-new'), edge('service:shop/reviews', 'workload:shop/reviews-v1'), edge('workload:dev/reviews-v1', 'service:shop/reviews')],
} as unknown as Graph;

it('offers services by namespace, and the versions of the one that is chosen, whatever its workloads are called', () => {
  expect(serviceChoices(graph).map(({ label }) => label)).toEqual(['dev/ratings', 'dev/reviews', 'shop/reviews']);
  expect(versionsOf(graph, 'shop/reviews')).toEqual(['v1', 'v2']);
  expect(versionsOf(graph, 'dev/reviews')).toEqual(['v1']);
  expect(versionsOf(graph, '')).toEqual([]);
});

it('where versions matter says which each service has, and marks those that have no other', () => {
  locale.set('en');
  expect(serviceChoices(graph, true).map(({ label, detail, unfit }) => [label, detail, unfit])).toEqual([
    ['dev/ratings', 'no version', true],
    ['dev/reviews', 'v1 alone', true],
    ['shop/reviews', 'v1, v2', false],
  ]);
  locale.set('zh');
  expect(serviceChoices(graph, true)[1]?.detail).toBe('只有 v1');
  locale.set('en');
});

it('names recipes and fields in the language of the window', () => {
  locale.set('zh');
  expect([recipeName('mirror'), recipeField('version', 'mirror')].join(' ')).toMatch(/^[\u4e00-\u9fff ]+$/);
  locale.set('en');
  expect(recipeName('mirror')).toBe('Mirror');
});

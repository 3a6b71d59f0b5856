import { expect, it } from 'vitest';
import { locale } from '../../state/locale.svelte';
import type { Graph, GraphNode } from '../../wire/generated/types';
import { serviceChoices, versionsOf } from './choices';
import { recipeField, recipeName } from './recipe-words';

const node = (kind: 'service' | 'workload', name: string, version = '', namespace = 'shop'): GraphNode => ({ kind, name, namespace, version }) as GraphNode;
const graph = { nodes: [node('workload', 'reviews-v2', 'v2'), node('workload', 'reviews-v1', 'v1'), node('workload', 'ratings-v1', 'v1'), node('service', 'reviews'), node('service', 'ratings', '', 'dev')] } as unknown as Graph;

it('offers services by namespace, and the versions of the one that is chosen', () => {
  expect(serviceChoices(graph).map(({ value }) => value)).toEqual(['dev/ratings', 'shop/reviews']);
  expect(versionsOf(graph, 'shop/reviews')).toEqual(['v1', 'v2']);
  expect(versionsOf(graph, '')).toEqual([]);
});

it('names recipes and fields in the language of the window', () => {
  locale.set('zh');
  expect([recipeName('mirror'), recipeField('version')].join(' ')).toMatch(/^[\u4e00-\u9fff ]+$/);
  locale.set('en');
  expect(recipeName('mirror')).toBe('Mirror');
});

import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { connect } from '../../wire/client';
import type { Graph, GraphEdge, GraphNode, RecipeArgs, RecipeCard } from '../../wire/generated/types';
import RecipeForm from './RecipeForm.svelte';

const node = (kind: 'service' | 'workload', namespace: string, name: string, version = ''): GraphNode => ({ kind, id: `${kind}:${namespace}/${name}`, name, namespace, version }) as GraphNode;
const behind = (service: string, workload: string): GraphEdge => ({ id: workload, from: `service:${service}`, to: `workload:${workload}` }) as GraphEdge;
const graph = {
  nodes: [node('service', 'dev', 'reviews', 'v1'), node('workload', 'prod', 'reviews-v1', 'v1'), node('workload', 'prod', 'reviews-v2', 'v2'), node('service', 'prod', 'reviews')],
  edges: [behind('prod/reviews', 'prod/reviews-v1'), behind('prod/reviews', 'prod/reviews-v2')],
} as unknown as Graph;
const recipe: RecipeCard = { id: 'percent-canary', fields: [{ name: 'service', takes: 'service', usual: '', oneOf: [] }, { name: 'version', takes: 'version', usual: '', oneOf: [] }, { name: 'percent', takes: 'percent', usual: '10', oneOf: [] }] };
let host: FixtureHost;

beforeEach(() => {
  locale.set('en');
  host = fixtureHost({ graph, recipe: [] });
  connect(host);
});
afterEach(cleanup);

const choose = async (label: string, option: RegExp): Promise<void> => {
  await fireEvent.click(screen.getByLabelText(label));
  await fireEvent.click(await screen.findByRole('option', { name: option }));
};

it('names services by namespace, says which versions they have, and why one does not serve', async () => {
  render(RecipeForm, { session: 'recipes-1', recipe });
  const service = screen.getByLabelText<HTMLInputElement>('Service');
  await fireEvent.click(service);
  await waitFor(() => expect(screen.getAllByRole('option').map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())).toEqual(['prod/reviews v1, v2', 'dev/reviews v1 alone']));
  await expectAccessible();
  await fireEvent.click(screen.getByRole('option', { name: /dev/ }));
  await screen.findByText('dev/reviews has one version, v1: requests can go to another as soon as it runs.');
  await choose('New version', /v1/);
  await choose('Service', /prod/);
  expect(service.value).toBe('prod/reviews');
  expect(screen.queryByText(/has one version/)).toBeNull();
});

it('forgets the version of a service that another one does not have, and takes shares up to 100 alone', async () => {
  render(RecipeForm, { session: 'recipes-2', recipe });
  await choose('Service', /prod/);
  await choose('New version', /v2/);
  const asked = (): RecipeArgs['values'][] => host.asked.filter(({ name }) => name === 'recipe').map(({ args }) => (args as RecipeArgs).values);
  await waitFor(() => expect(asked().at(-1)).toEqual({ service: 'prod/reviews', version: 'v2', percent: '10' }));
  await fireEvent.change(screen.getByLabelText(/Share of the requests/), { target: { value: '120' } });
  await waitFor(() => expect(asked().at(-1)?.['percent']).toBe('100'));
  await choose('Service', /dev/);
  expect(screen.getByLabelText<HTMLInputElement>('New version').value).toBe('');
});

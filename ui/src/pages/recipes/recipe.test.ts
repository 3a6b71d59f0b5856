import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost, type Answers, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { keys } from '../../state/keys.svelte';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { GraphEdge, GraphNode, Proposal, RecipeArgs, RecipeCard } from '../../wire/generated/types';
import RecipeForm from './RecipeForm.svelte';
import Recipes from './Recipes.svelte';

const node = (kind: 'service' | 'workload', name: string, version: string): GraphNode => ({ id: `${kind}:prod/${name}`, kind, namespace: 'prod', name, version, pods: 1, versions: 1, health: 'ok', because: '', zh: '', inMesh: true, requestsPerSecond: 1, errorShare: 0, findings: 0, pending: false, ports: [], x: 0, y: 0, w: 0, h: 0 });
const nodes = [node('service', 'reviews', ''), node('service', 'ratings', 'v1'), node('workload', 'reviews-v1', 'v1'), node('workload', 'reviews-v2', 'v2')];
const to = (workload: string): GraphEdge => ({ id: workload, from: 'service:prod/reviews', to: `workload:prod/${workload}` }) as GraphEdge;
const card: RecipeCard = {
  id: 'percent-canary',
  fields: [
    { name: 'service', takes: 'service', usual: '', oneOf: [] },
    { name: 'version', takes: 'version', usual: '', oneOf: [] },
    { name: 'percent', takes: 'percent', usual: '10', oneOf: [] },
  ],
};
const proposal = (kind: string, before: string, after: string): Proposal => ({
  object: { group: 'networking.istio.io', kind, namespace: 'prod', name: 'reviews' },
  before,
  after,
  base: before === '' ? '' : '7',
  diff: [{ side: before === after ? 'same' : 'after', line: 1, text: after }],
});
const made = ({ values }: RecipeArgs): Proposal[] => [
  proposal('DestinationRule', '', `subset: ${values['version']}`),
  proposal('VirtualService', 'weight: 0', `weight: ${values['percent']}`),
  proposal('Gateway', 'as it is', 'as it is'),
];

let host: FixtureHost;
const asked = (name: string): unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);
const keepButton = (): HTMLElement => screen.getByRole('button', { name: /^Put into the tray/ });

function start(answers: Answers = {}): void {
  host = fixtureHost({
    graph: { revision: 1, windowSeconds: 300, width: 0, height: 0, groups: [], unknown: [], nodes, edges: [to('reviews-v1'), to('reviews-v2')] },
    recipe: made,
    draftPut: { revision: 1, items: [], says: [], canUndo: true },
    ...answers,
  });
  connect(host);
  render(RecipeForm, { session: 'r', recipe: card });
}

async function choose(label: string, option: RegExp): Promise<void> {
  await fireEvent.click(await screen.findByRole('combobox', { name: label }));
  await fireEvent.click(await screen.findByRole('option', { name: option }));
}

beforeEach(() => {
  locale.set('en');
  route.go('recipes');
});
afterEach(() => {
  cleanup();
  session.id = null;
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

it('is filled from what the cluster has, shows what it would write, and puts that into the tray', async () => {
  start();
  screen.getByText('Fill in what is missing, and what it would write is shown here.');
  await fireEvent.click(keepButton());
  expect(asked('recipe')).toEqual([]);
  await waitFor(() => expect(asked('graph')).toHaveLength(1));
  await choose('Service', /reviews/);
  await choose('New version', /v2/);
  const shown = await screen.findByRole('region', { name: 'What it will write' });
  await within(shown).findByText('subset: v2');
  await fireEvent.change(screen.getByRole('textbox', { name: /^Share of the requests/ }), { target: { value: '25' } });
  await within(shown).findByText('weight: 25');
  expect(asked('recipe').at(-1)).toEqual({ session: 'r', recipe: 'percent-canary', values: { service: 'prod/reviews', version: 'v2', percent: '25' } });
  expect(within(shown).getAllByText(/^(new|changed)$/).map(({ textContent }) => textContent)).toEqual(['new', 'changed', 'changed']);
  await expectAccessible();
  expect(asked('draft_put')).toEqual([]);
  await fireEvent.click(keepButton());
  await waitFor(() => expect(route.page).toBe('review'));
  // What is so already is not put there.
  expect(asked('draft_put')).toEqual([
    { session: 'r', yaml: 'subset: v2', base: '' },
    { session: 'r', yaml: 'weight: 25', base: '7' },
  ]);
});

it('puts nothing into the tray where all is so already, and stays where the core refuses', async () => {
  start({ recipe: ({ values }) => (values['version'] === 'v1' ? [proposal('VirtualService', 'x', 'x')] : made({ session: '', recipe: '', values })), draftPut: () => Promise.reject({ code: 'not-now', message: 'the tray is shut', hint: '', about: null }) });
  await choose('Service', /reviews/);
  await choose('New version', /v1/);
  await screen.findByText('All of this is so already.');
  expect(keepButton().getAttribute('aria-disabled')).toBe('true');
  await fireEvent.click(keepButton());
  keys.all.find((binding) => binding.keys === 'mod+enter')?.run();
  expect(asked('draft_put')).toEqual([]);
  await choose('New version', /v2/);
  expect(route.page).toBe('recipes');
  await screen.findByText('subset: v2');
  await fireEvent.click(keepButton());
  await waitFor(() => expect(toasts.shown.map(({ title }) => title)).toEqual(['the tray is shut']));
  expect(route.page).toBe('recipes');
});

it('says what the core says of what it cannot make', async () => {
  start({ recipe: () => Promise.reject({ code: 'bad-input', message: 'prod/reviews has no port', hint: 'Choose another service.', about: null }) });
  await choose('Service', /reviews/);
  await choose('New version', /v2/);
  await screen.findByText('prod/reviews has no port');
  screen.getByText('Choose another service.');
  expect(keepButton().getAttribute('aria-disabled')).toBe('true');
});

it('names services by namespace, says which versions they have, and why one does not serve', async () => {
  start();
  const service = screen.getByRole<HTMLInputElement>('combobox', { name: 'Service' });
  await fireEvent.click(service);
  await waitFor(() => expect(screen.getAllByRole('option').map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim())).toEqual(['prod/reviews v1, v2', 'prod/ratings v1 alone']));
  await expectAccessible();
  await fireEvent.click(screen.getByRole('option', { name: /ratings/ }));
  await screen.findByText('prod/ratings has one version, v1: requests can go to another as soon as it runs.');
  await choose('New version', /v1/);
  await choose('Service', /reviews/);
  expect(service.value).toBe('prod/reviews');
  expect(screen.queryByText(/has one version/)).toBeNull();
});

it('forgets the version of a service that another one does not have, and takes shares up to 100 alone', async () => {
  start();
  await choose('Service', /reviews/);
  await choose('New version', /v2/);
  await waitFor(() => expect(asked('recipe').at(-1)).toMatchObject({ values: { service: 'prod/reviews', version: 'v2', percent: '10' } }));
  await fireEvent.change(screen.getByRole('textbox', { name: /^Share of the requests/ }), { target: { value: '120' } });
  await waitFor(() => expect(asked('recipe').at(-1)).toMatchObject({ values: { percent: '100' } }));
  await choose('Service', /ratings/);
  expect(screen.getByRole<HTMLInputElement>('combobox', { name: 'New version' }).value).toBe('');
});

it('opens with the service that led to it, and another recipe begins anew', async () => {
  host = fixtureHost({ recipes: [card, { id: 'egress', fields: [{ name: 'host', takes: 'text', usual: '', oneOf: [] }] }], recipe: [] });
  connect(host);
  session.id = 'r2';
  route.go('recipes', { service: 'prod/ratings' });
  render(Recipes);
  expect((await screen.findByRole<HTMLInputElement>('combobox', { name: 'Service' })).value).toBe('prod/ratings');
  locale.set('zh');
  await screen.findByRole('heading', { name: '按比例灰度' });
  locale.set('en');
  const egress = await screen.findByRole('link', { name: /A host outside/ });
  expect(egress.getAttribute('href')).toContain('service=prod%2Fratings');
  route.set({ recipe: 'egress' });
  await screen.findByRole('heading', { name: 'A host outside' });
  expect(screen.queryByRole('combobox')).toBeNull();
  await fireEvent.change(screen.getByRole('textbox', { name: 'Host' }), { target: { value: 'api.example.com' } });
  await waitFor(() => expect(asked('recipe').at(-1)).toEqual({ session: 'r2', recipe: 'egress', values: { host: 'api.example.com' } }));
});

import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost, type Answers, type FixtureHost } from '../../host/fixture';
import { keys } from '../../state/keys.svelte';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { connect } from '../../wire/client';
import type { Conflict, Review, ReviewItem } from '../../wire/generated/types';
import Changes from './Changes.svelte';

const item: ReviewItem = {
  object: { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' },
  change: 'update',
  liveVersion: '12',
  diff: [{ side: 'after', line: 1, text: 'weight: 100' }],
  fields: [{ path: 'spec.http[0].route[0].weight', before: '90', after: '100' }],
  accepted: true,
  problems: [],
  conflicts: [],
  owner: '',
};
const conflict = (manager: string, field: string): Conflict => ({ manager, field, taken: false });
const review = (change: Partial<Review>): Review => ({ token: 'k', items: [item], says: [], requestsObserved: 0, requestsProbed: 0, findingsAdded: [], findingsRemoved: [], unknown: [], canApply: true, because: '', production: false, ...change });

let host: FixtureHost;
const asked = (name: string): unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);
const undo = (): HTMLElement => screen.getByRole('button', { name: /^Undo on demo/ });
/** Pressed, and by its key. */
async function press(): Promise<void> {
  await fireEvent.click(undo());
  keys.all.filter((binding) => binding.keys === 'mod+enter').at(-1)?.run();
}

async function start(id: string, answers: Answers, params: Record<string, string> = { entry: '4', undo: '1' }): Promise<void> {
  host = fixtureHost({ overview: () => Promise.resolve({ cluster: { name: 'demo' }, coverage: [], namespaces: [], rights: [], meshes: [], settled: [] } as never), undo: { entry: 9, state: 'applied', objects: [] }, rolloutUndo: { entry: 10, state: 'applied', objects: [] }, ...answers });
  connect(host);
  session.id = id;
  route.go('changes', params);
  render(Changes);
  await screen.findByRole('button', { name: /^Undo on demo/ });
}

beforeEach(() => locale.set('en'));
afterEach(() => {
  cleanup();
  session.id = null;
});

it('names who changed the same fields since, and cannot be done until that is solved', async () => {
  const because = 'Bob (kubectl-edit) changed the same fields since: spec.http';
  let now = review({ canApply: false, because: `VirtualService reviews: ${because}`, items: [{ ...item, accepted: false, problems: [{ line: 1, column: 1, message: because, error: true }] }] });
  await start('blocked', { undoReview: () => now });
  const head = undo();
  expect([head.getAttribute('aria-disabled'), head.title]).toEqual(['true', `VirtualService reviews: ${because}`]);
  const change = screen.getByRole('region', { name: 'Change' });
  within(change).getByText(because, { exact: false });
  within(change).getByText('Undo the later change first, or take it out of the object by hand.');
  screen.getByText('cannot go back');
  await press();
  expect(asked('undo')).toEqual([]);
  await fireEvent.click(within(change).getByRole('button', { name: 'Open VirtualService reviews' }));
  expect(route.params['name']).toBe('reviews');
  cleanup();

  now = review({});
  await start('solved', { undoReview: () => now });
  expect(undo().getAttribute('aria-disabled')).toBeNull();
  await fireEvent.click(undo());
  await waitFor(() => expect(asked('undo')).toEqual([{ session: 'solved', entry: 4, token: 'k' }]));
  await waitFor(() => expect([route.page, route.params['entry']]).toEqual(['review', '9']));
});

it('waits until the fields of each other manager are taken over, and again when they are left', async () => {
  await start('owned', { undoReview: review({ items: [{ ...item, conflicts: [conflict('argocd', 'spec.http'), conflict('bob', 'spec.hosts')] }] }) });
  screen.getByText('spec.http is also owned by argocd');
  screen.getByText('spec.hosts is also owned by bob');
  await press();
  expect(asked('undo')).toEqual([]);
  const take = (): HTMLElement[] => screen.queryAllByRole('button', { name: 'Take these fields over' });
  await fireEvent.click(take()[0] as HTMLElement);
  await waitFor(() => expect(take()).toHaveLength(1));
  expect(undo().getAttribute('aria-disabled')).toBe('true');
  await fireEvent.click(take()[0] as HTMLElement);
  await waitFor(() => expect(undo().getAttribute('aria-disabled')).toBeNull());
  await fireEvent.click(screen.getAllByRole('button', { name: 'Leave them' })[1] as HTMLElement);
  await waitFor(() => expect(undo().getAttribute('aria-disabled')).toBe('true'));
  await press();
  expect(asked('undo')).toEqual([]);
  await fireEvent.click(take()[0] as HTMLElement);
  await waitFor(() => expect(undo().getAttribute('aria-disabled')).toBeNull());
  await fireEvent.click(undo());
  await waitFor(() => expect(asked('undo')).toHaveLength(1));
});

it('of a rollout is done with what was reviewed; what the core refuses is said, and it is reviewed again', async () => {
  await start('rollout', { rolloutUndoReview: review({ token: 'r' }), rolloutUndo: () => Promise.reject({ code: 'not-now', message: 'the review is out of date', hint: '', about: null }) }, { rollout: '3', undo: '1' });
  screen.getByRole('heading', { name: 'Undo rollout 3' });
  await fireEvent.click(undo());
  await screen.findByText('the review is out of date');
  expect(asked('rollout_undo')).toEqual([{ session: 'rollout', rollout: 3, token: 'r' }]);
  await waitFor(() => expect(asked('rollout_undo_review')).toHaveLength(2));
  expect(route.page).toBe('changes');
});

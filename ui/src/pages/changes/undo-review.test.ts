import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost, type Answers, type FixtureHost } from '../../host/fixture';
import { keys } from '../../state/keys.svelte';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { connect } from '../../wire/client';
import type { Conflict, Dispute, Review, ReviewItem, UndoReviewArgs } from '../../wire/generated/types';
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
  disputes: [],
  lapse: '',
  lapseZh: '',
  owner: '',
};
const conflict = (manager: string, field: string): Conflict => ({ manager, field, taken: false });
const review = (change: Partial<Review>): Review => ({ token: 'k', items: [item], says: [], requestsObserved: 0, requestsProbed: 0, findingsAdded: [], findingsRemoved: [], unknown: [], canApply: true, because: '', zh: '', production: false, leftOut: [], ...change });

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

it('says what cannot be taken back in the language of the window, and cannot be done with it', async () => {
  locale.set('zh');
  const zh = '变更记录不保存机密，所以这里不知道它的旧值';
  const because = 'the journal keeps no secrets, so its old value is not known here';
  host = fixtureHost({ overview: () => Promise.resolve({ cluster: { name: 'demo' } } as never), undoReview: review({ canApply: false, because, zh, items: [{ ...item, accepted: false, problems: [{ line: 1, message: because, zh, error: true }] }] }) });
  connect(host);
  session.id = 'blocked';
  route.go('changes', { entry: '4', undo: '1' });
  render(Changes);
  const button = await screen.findByRole('button', { name: /^在 demo 上撤销/ });
  expect([button.getAttribute('aria-disabled'), button.title]).toEqual(['true', zh]);
  const change = screen.getByRole('region', { name: '改动' });
  within(change).getByText(zh, { exact: false });
  screen.getByText('无法撤回');
  await fireEvent.click(button);
  expect(asked('undo')).toEqual([]);
  await fireEvent.click(within(change).getByRole('button', { name: '打开 VirtualService reviews' }));
  expect(route.params['name']).toBe('reviews');
});

const weight = (n: number, change: Partial<Dispute> = {}): Dispute => ({ id: `/spec/http/0/route/${n}/weight`, path: `spec.http[0].route[${n}].weight`, isOrder: false, before: '90', wrote: '80', live: '60', managers: ['kubectl-edit'], chosen: null, ...change });
/** The core as far as it decides: a dispute is as it was chosen, an object that is left out is none of the items. */
function decides(disputes: readonly Dispute[], items: readonly ReviewItem[]) {
  return ({ choices, leftOut }: UndoReviewArgs): Review => {
    const chosen = disputes.map((dispute) => ({ ...dispute, chosen: choices.find(({ id }) => id === dispute.id)?.side ?? null }));
    const open = chosen.some((dispute) => dispute.chosen === null);
    const stay = items.filter(({ object }) => !leftOut.some(({ name }) => name === object.name));
    const isOpen = open && stay.some(({ disputes: of }) => of.length > 0);
    return review({ token: JSON.stringify([choices.map(({ side }) => side), leftOut.map(({ name }) => name)]), leftOut, canApply: !isOpen, because: isOpen ? 'changed since' : '', items: stay.map((one) => (one.disputes.length > 0 ? { ...one, accepted: !isOpen, disputes: chosen } : one)) });
  };
}

it('asks whose each value shall be that both changed, by mouse and by keyboard, and undoes what was decided', async () => {
  const disputes = [weight(0), weight(1, { live: null, managers: [] })];
  await start('disputed', { undoReview: decides(disputes, [{ ...item, disputes }]) });
  screen.getByText('2 to decide');
  const one = screen.getByRole('region', { name: 'spec.http[0].route[0].weight' });
  expect(['Before us', 'We wrote', 'Live now'].map((name) => within(one).getByRole('region', { name }).textContent)).toEqual(['90', '80', '60']);
  within(one).getByText('changed since by kubectl-edit');
  const other = screen.getByRole('region', { name: 'spec.http[0].route[1].weight' });
  within(other).getByText('taken away since by somebody');
  within(other).getByText('not there');
  await press();
  expect(asked('undo')).toEqual([]);
  await fireEvent.click(within(one).getByRole('radio', { name: 'Take back' }));
  await screen.findByText('1 to decide');
  const keep = within(other).getByRole('radio', { name: 'Keep live' });
  expect(keep.tabIndex).toBe(0);
  await fireEvent.keyDown(within(other).getByRole('radiogroup'), { key: 'ArrowRight' });
  await waitFor(() => expect(undo().getAttribute('aria-disabled')).toBeNull());
  expect(screen.getAllByRole('radio', { checked: true }).map(({ textContent }) => textContent.trim())).toContain('Keep live');
  await fireEvent.click(undo());
  await waitFor(() => expect(asked('undo')).toEqual([{ session: 'disputed', entry: 4, token: JSON.stringify([['back', 'live'], []]) }]));
});

it('decides all at once', async () => {
  const disputes = [weight(0), weight(1, { isOrder: true, path: 'spec.http', id: '/spec/http' })];
  await start('all', { undoReview: decides(disputes, [{ ...item, disputes }]) });
  screen.getByRole('region', { name: 'What stands where in spec.http' });
  await fireEvent.click(screen.getByRole('button', { name: 'Keep all live' }));
  await waitFor(() => expect(undo().getAttribute('aria-disabled')).toBeNull());
  await fireEvent.click(screen.getByRole('button', { name: 'Take all back' }));
  await waitFor(() => expect(screen.getAllByRole('radio', { checked: true }).map(({ textContent }) => textContent.trim())).toEqual(expect.arrayContaining(['Take back', 'As before'])));
  await waitFor(() => expect(undo().getAttribute('aria-disabled')).toBeNull());
  await fireEvent.click(undo());
  await waitFor(() => expect(asked('undo')).toEqual([{ session: 'all', entry: 4, token: JSON.stringify([['back', 'back'], []]) }]));
});

it('leaves one object out, and takes it along again', async () => {
  const disputes = [weight(0)];
  const rule: ReviewItem = { ...item, object: { ...item.object, kind: 'DestinationRule', name: 'rule' } };
  await start('left', { undoReview: decides(disputes, [{ ...item, disputes }, rule]) });
  await fireEvent.click(screen.getByRole('button', { name: /^Leave it out/ }));
  const along = await screen.findByRole('button', { name: 'Take VirtualService reviews along' });
  await waitFor(() => expect(undo().getAttribute('aria-disabled')).toBeNull());
  await fireEvent.click(along);
  await screen.findByText('1 to decide');
  keys.all.find((binding) => binding.keys === 'x')?.run();
  await screen.findByRole('button', { name: 'Take VirtualService reviews along' });
  await waitFor(() => expect(undo().getAttribute('aria-disabled')).toBeNull());
  await fireEvent.click(undo());
  await waitFor(() => expect(asked('undo')).toEqual([{ session: 'left', entry: 4, token: JSON.stringify([[], ['reviews']]) }]));
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

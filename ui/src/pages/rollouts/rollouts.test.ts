import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { keys } from '../../state/keys.svelte';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import { locale } from '../../state/locale.svelte';
import type { ForeignOrder, ForeignRollout, Review, Rollout, RolloutSimulated } from '../../wire/generated/types';
import { newGate, newPlan } from './plan';
import ForeignPlan from './ForeignPlan.svelte';
import ForeignRollouts from './ForeignRollouts.svelte';
import RolloutList from './RolloutList.svelte';
import RolloutView from './RolloutView.svelte';
import Simulation from './Simulation.svelte';

const rollout = (id: number, name: string): Rollout => ({
  id, user: 'ann', startedAt: 1_000_000, heardAt: 0, isOurs: true, isOver: false, step: 1, phase: 'watching', phaseBecause: null, because: '', zh: '',
  weight: 25, mirror: 0, heldSeconds: 10, entries: [], checks: [], plan: { ...newPlan(), name, stable: 'v1', canary: 'v2' }, gateways: [],
});
const press = (key: string): void => keys.handle(new KeyboardEvent('keydown', { key }));

afterEach(cleanup);

it('is walked by J and K, and by the arrows', async () => {
  connect(fixtureHost({ rollouts: [rollout(2, 'points'), rollout(1, 'reviews')] }));
  render(RolloutList, { session: 's' });
  const [first, second] = await Promise.all(['points', 'reviews'].map((name) => screen.findByRole('button', { name })));
  press('j');
  expect(document.activeElement).toBe(first);
  press('j');
  press('j');
  expect(document.activeElement).toBe(second);
  await fireEvent.keyDown(second as Element, { key: 'ArrowUp' });
  expect(document.activeElement).toBe(first);
  await expectAccessible();
  press('n');
  expect(route.params['plan']).toBe('new');
});

it('goes on by P, pauses by Space, and asks before A aborts', async () => {
  const host = fixtureHost({ rollouts: [rollout(1, 'reviews')], rolloutCommand: [] });
  connect(host);
  render(RolloutView, { session: 't', rollout: 1 });
  await screen.findByRole('heading', { name: 'reviews' });
  const given = (): unknown[] => host.asked.filter(({ name }) => name === 'rollout_command').map(({ args }) => (args as { command: string }).command);
  press('p');
  press('p');
  press(' ');
  await waitFor(() => expect(given()).toEqual(['promote', 'pause']));
  press('a');
  await screen.findByRole('dialog', { name: 'Abort reviews?' });
  expect(given()).toHaveLength(2);
});

it('of one that was over at once draws nothing, and says so; the step that failed is marked', async () => {
  const over: Rollout = { ...rollout(1, 'reviews'), isOver: true, phase: 'returned', phaseBecause: { because: 'p50 9.1 ms, above 1 ms', zh: 'p50 9.1 ms，高于 1 ms' }, step: 0, plan: { ...rollout(1, 'reviews').plan, gates: [newGate('p50')] } };
  connect(fixtureHost({ rollouts: [over] }));
  render(RolloutView, { session: 'over', rollout: 1 });
  await screen.findByText('p50 9.1 ms, above 1 ms');
  screen.getByText('It was over before there were two looks to draw');
  expect(document.querySelector('.stairs li.failed .pause svg')).not.toBeNull();
});

it('plays a plan and says where it would stop, and again for what is supposed', async () => {
  const judged = (because: string, verdict: 'holds' | 'fails') => [{ verdict, value: 1, stable: null, early: null, because, zh: '' }];
  const look = { at: 330, step: 1, weight: 25, stable: null, canary: null };
  const played = (failing: boolean): RolloutSimulated => ({
    phase: failing ? 'returned' : 'done', phaseBecause: failing ? { because: 'success 95.0 %, below 99 %', zh: '成功率 95.0 %，低于 99 %' } : null, step: failing ? 1 : 3, seconds: 330,
    steps: [
      { step: 0, from: 0, to: 300, copied: 0, looks: 10, byHand: true, last: { ...look, judged: judged('success 100.0 %', 'holds') } },
      { step: 1, from: 300, to: 330, copied: 0, looks: 1, byHand: false, last: { ...look, judged: judged('success 95.0 %, below 99 %', 'fails') } },
    ],
    checks: [], recordedFrom: null, recordedTo: null, requestsPerSecond: 12, canaryKnown: false, astray: 0, given: [],
  });
  const host = fixtureHost({ rolloutSimulate: ({ supposed }) => played(supposed.errorShare === 0.05) });
  connect(host);
  const plan = { ...newPlan(), name: 'reviews', stable: 'v1', canary: 'v2', gates: [newGate('success-rate')] };
  render(Simulation, { session: 'sim', plan });
  await screen.findByText(/^It would be done after/);
  await screen.findByText(/v2 had no traffic yet/);
  await fireEvent.change(screen.getByRole('textbox', { name: /Errors/ }), { target: { value: '5' } });
  await screen.findByText(/^It would go back to v1 in step 2, after/);
  expect(screen.getAllByText('success 95.0 %, below 99 %')).toHaveLength(2);
  expect(screen.getByText('promoted by hand')).toBeTruthy();
  locale.set('zh');
  await screen.findByText('成功率 95.0 %，低于 99 %');
  locale.set('en');
  await screen.findByText(/^It would go back to v1 in step 2, after/);
  expect(screen.getByRole('listitem', { name: /Step 2: .*failed/ })).toBeTruthy();
  await expectAccessible();
});

it('plays queries by what is supposed or recorded, and tells of copies', async () => {
  const host = fixtureHost({
    rolloutSimulate: ({ supposed }): RolloutSimulated => {
      const value = supposed.queries[1] ?? null;
      const because = value === null ? 'orders: its query still reads what was before the step, for 1m15s' : 'orders 7, as it shall be';
      const judged = [{ verdict: value === null ? ('unknown' as const) : ('holds' as const), value, stable: null, early: value === null ? 75 : null, because, zh: '' }];
      const last = { at: 10, step: 0, weight: 0, stable: null, canary: null, judged };
      return {
        phase: 'done', phaseBecause: null, step: 0, seconds: 90, steps: [{ step: 0, from: 0, to: 90, copied: 3, looks: 9, byHand: false, last }],
        checks: [], recordedFrom: 1000, recordedTo: 2000, requestsPerSecond: 12, canaryKnown: true, astray: 0,
        given: [value === null ? { gate: 1, source: 'unplayed', because: 'no Prometheus', zh: '' } : { gate: 1, source: 'supposed', because: '', zh: '' }],
      };
    },
  });
  connect(host);
  const plan = { ...newPlan(), stable: 'v1', canary: 'v2', gates: [newGate('success-rate'), { ...newGate('promql'), name: 'orders' }] };
  render(Simulation, { session: 'sim', plan });
  await screen.findByText(/^orders: left out until you suppose what it gives.*no Prometheus/);
  expect(screen.getByText(/^orders: judged in 1.*before the step/)).toBeTruthy();
  expect(screen.getByText(/copied$/).textContent).toContain('3');
  expect(screen.getByText(/gates judge them like any request/)).toBeTruthy();
  await fireEvent.change(screen.getByRole('textbox', { name: 'orders' }), { target: { value: '7' } });
  await screen.findByText('orders 7, as it shall be');
  expect(screen.queryByText(/left out/)).toBeNull();
  await expectAccessible();
});

it('lists what other controllers drive, says why an order has no meaning, and shows what one writes before it does', async () => {
  const orders: ForeignOrder[] = ['promote', 'finish', 'pause', 'resume', 'abort', 'retry'];
  const foreign: ForeignRollout = {
    controller: 'Argo Rollouts', object: { group: 'argoproj.io', kind: 'Rollout', namespace: 'prod', name: 'reviews' }, health: 'paused', phase: 'Paused',
    message: 'CanaryPauseStep', zh: 'CanaryPauseStep', step: 1, steps: 6, weight: 10, moves: [], orders: orders.map((order) => ({ order, because: order === 'retry' ? 'it was not aborted' : '', zh: order === 'retry' ? '它没有被中止' : '' })),
  };
  const item = { object: foreign.object, change: 'order' as const, liveVersion: '7', diff: [{ side: 'after' as const, line: 2, text: '  abort: true' }], fields: [], accepted: true, problems: [], conflicts: [], disputes: [], lapse: '', lapseZh: '', owner: '' };
  const review: Review = { token: 'k', items: [item], says: [], requestsObserved: 0, requestsProbed: 0, findingsAdded: [], findingsRemoved: [], unknown: [], canApply: true, because: '', zh: '', production: false, leftOut: [] };
  const host = fixtureHost({
    foreignRollouts: { controllers: [], rollouts: [foreign], unknown: [] },
    foreignReview: ({ order }) => ({ ...review, items: [{ ...item, change: order === 'pause' ? ('update' as const) : ('order' as const) }] }),
    apply: { entry: 3, state: 'applied', objects: [] },
  });
  connect(host);
  render(ForeignRollouts, { session: 'f' });
  const given = (): number => host.asked.filter(({ name }) => name === 'apply').length;
  await screen.findByText('1 of 6');
  await expectAccessible();
  const retry = screen.getByRole('button', { name: 'Begin again' });
  expect([retry.getAttribute('aria-disabled'), retry.title]).toEqual(['true', 'it was not aborted']);
  locale.set('zh');
  await waitFor(() => expect(screen.getByRole('button', { name: '重新开始' }).title).toBe('它没有被中止'));
  expect(screen.getByText('已暂停（Paused）')).toBeTruthy();
  locale.set('en');
  await screen.findByRole('button', { name: 'Begin again' });
  await fireEvent.click(screen.getByRole('button', { name: 'Pause' }));
  const pause = await screen.findByRole('dialog', { name: 'Pause: reviews' });
  await within(pause).findByText(/can be undone there/);
  await fireEvent.click(within(pause).getByRole('button', { name: 'Not now' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  await fireEvent.click(screen.getByRole('button', { name: 'Abort' }));
  const dialog = await screen.findByRole('dialog', { name: 'Abort: reviews' });
  await within(dialog).findByText('abort: true', { exact: false });
  expect(within(dialog).getByText(/cannot be undone: give it another order/)).toBeTruthy();
  await expectAccessible();
  expect(given()).toBe(0);
  await fireEvent.click(within(dialog).getByRole('button', { name: 'Abort' }));
  await waitFor(() => expect(given()).toBe(1));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});

it('writes the plan for another controller, and says first what is lost', async () => {
  const object = { group: 'flagger.app', kind: 'Canary', namespace: 'prod', name: 'reviews' };
  const proposal = { object, before: '', after: 'kind: Canary', base: '', diff: [{ side: 'after' as const, line: 1, text: 'kind: Canary' }] };
  const host = fixtureHost({ foreignRollouts: { controllers: ['Flagger'], rollouts: [], unknown: [] }, foreignPlan: { proposals: [proposal], lost: [{ because: 'no step waits', zh: '没有步骤会等人' }] }, draftPut: { revision: 1, items: [], says: [], canUndo: true } });
  connect(host);
  render(ForeignPlan, { session: 'w', plan: newPlan(), disabledBecause: '' });
  await fireEvent.click(await screen.findByRole('button', { name: 'Flagger' }));
  await screen.findByText('no step waits');
  await expectAccessible();
  locale.set('zh');
  await screen.findByText('没有步骤会等人');
  locale.set('en');
  await screen.findByText('no step waits');
  await fireEvent.click(screen.getByRole('button', { name: 'Put into the tray' }));
  await waitFor(() => expect(host.asked.some(({ name }) => name === 'draft_put')).toBe(true));
});

import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { spoil } from '../../state/query.svelte';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import type { Entry, Review, Uptake, UptakeForce, UptakeRow } from '../../wire/generated/types';
import UptakeView from './UptakeView.svelte';

const object = { group: 'security.istio.io', kind: 'AuthorizationPolicy', namespace: 'prod', name: 'reviews' };
const entry = (undoes: number | null = null): Entry => ({
  row: { entry: 4, at: 0, cluster: 'prod', user: 'ann', message: '', zh: '', state: 'applied', objects: [object], undoes, acknowledged: 3, proxies: 3, drifted: 0 },
  items: [{ object, change: 'create', before: '', after: 'a', diff: [], state: 'applied', because: '', zh: '', drift: [] }],
  says: [],
  uptake: [],
});
const row = (pod: string, force: UptakeForce, drains: number, change: Partial<UptakeRow> = {}): UptakeRow => ({ namespace: 'prod', pod, workload: pod, state: 'acknowledged', because: '', force, drains, ...change });
const draining: Uptake = { entry: 4, total: 3, acknowledged: 3, rejected: 0, draining: 1, inForce: 1, rows: [row('a-1', 'in-force', 0), row('b-1', 'drains', 2), row('c-1', 'unknown', 0)], unknown: [], settled: true, tookMillis: 900 };
const drained: Uptake = { ...draining, draining: 0, inForce: 3, rows: ['a-1', 'b-1', 'c-1'].map((pod) => row(pod, 'in-force', 0)) };

let host: FixtureHost;
const asked = (name: string): unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);
const proxy = (pod: string): HTMLElement => screen.getByText(pod).closest('li') as HTMLElement;

beforeEach(() => {
  locale.set('en');
  route.go('review', { entry: '4' });
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

it('says which proxies still drain, until none does', async () => {
  let now = draining;
  host = fixtureHost({ entry: entry(), uptake: () => now });
  connect(host);
  render(UptakeView, { session: 'drains', entry: 4 });
  await screen.findByText('In force at 1; 1 proxy still drains connections that keep to what was there before.');
  expect(within(proxy('b-1')).getByText('2 drain').title).toMatch(/^Connections that were open before keep to the rules/);
  within(proxy('a-1')).getByText('in force');
  within(proxy('c-1')).getByText('in force? not known');
  expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('3');
  expect(screen.getByRole('status').textContent).toBe('taken up by 3 of 3 proxies in 900 ms');
  locale.set('zh');
  await screen.findByText('1 个代理上已生效；1 个代理仍在排空沿用旧规则的连接。');
  locale.set('en');
  // Everybody has it, so nobody is asked in between any more; the next look at the proxies still tells.
  now = drained;
  spoil(['proxies'], 'drains');
  await screen.findByText('In force for every connection at 3 proxies.');
  expect(screen.queryByText(/\bdrains?\b/)).toBeNull();
});

it('asks by itself until everybody has it', async () => {
  const begun = vi.spyOn(globalThis, 'setInterval');
  const ended = vi.spyOn(globalThis, 'clearInterval');
  let now: Uptake = { ...drained, acknowledged: 2, inForce: 2, rows: [row('a-1', 'in-force', 0), row('b-1', 'in-force', 0), row('c-1', 'not-yet', 0, { state: 'sent' })], settled: false, tookMillis: null };
  host = fixtureHost({ entry: entry(), uptake: () => now });
  connect(host);
  render(UptakeView, { session: 'settles', entry: 4 });
  await screen.findByText('taken up by 2 of 3 proxies so far');
  within(proxy('c-1')).getByText('sent');
  expect(screen.getByRole('status').textContent).toBe('');
  now = drained;
  await screen.findByText('taken up by 3 of 3 proxies in 900 ms', { selector: 'header p' });
  const timers = begun.mock.results.filter((_, i) => begun.mock.calls[i]?.[1] === 500).map(({ value }) => value as unknown);
  expect(timers).not.toHaveLength(0);
  await waitFor(() => expect(ended.mock.calls.map(([timer]) => timer as unknown)).toEqual(expect.arrayContaining(timers)));
});

it('puts what is refused first, in the proxy’s own words, and says nothing of its force', async () => {
  const rows = [row('a-1', 'in-force', 0), row('b-1', 'not-yet', 0, { state: 'rejected', because: 'unknown field "inlne"' })];
  host = fixtureHost({ entry: entry(), uptake: { ...drained, total: 2, acknowledged: 1, rejected: 1, inForce: 1, rows, tookMillis: null } });
  connect(host);
  render(UptakeView, { session: 'refused', entry: 4 });
  await screen.findByText('unknown field "inlne"');
  const items = within(screen.getByRole('region', { name: 'Proxies' })).getAllByRole('listitem');
  expect(items.map((item) => item.querySelector('.mono')?.textContent)).toEqual(['b-1', 'a-1']);
  expect(within(proxy('b-1')).queryByText(/force/)).toBeNull();
  await fireEvent.click(screen.getByRole('button', { name: /AuthorizationPolicy reviews/ }));
  expect([route.page, route.params['name']]).toEqual(['security', 'reviews']);
});

it('says of a proxy that has not taken it up why, leads to it, and is done when nothing more will change', async () => {
  const rows = [row('a-1', 'in-force', 0), row('b-1', 'not-yet', 0, { state: 'unknown' }), row('c-1', 'not-yet', 0, { state: 'sent' })];
  host = fixtureHost({ entry: entry(), uptake: { ...drained, acknowledged: 1, inForce: 1, rows, tookMillis: null } });
  connect(host);
  render(UptakeView, { session: 'silent', entry: 4 });
  await screen.findByText('The control plane says nothing of it: it is not connected to any that was asked.');
  screen.getByText('It has not answered: until it does, it goes by what it had before.');
  expect(screen.getAllByText('taken up by 1 of 3 proxies').length).toBeGreaterThan(0);
  await expectAccessible();
  await fireEvent.click(screen.getByRole('button', { name: 'b-1' }));
  expect([route.page, route.params['proxy']]).toEqual(['proxy', 'prod/b-1']);
});

it('undoes at once where nobody stands in the way, and else shows who does', async () => {
  const review = (canApply: boolean): Review => ({ token: 'k', items: [], says: [], requestsObserved: 0, requestsProbed: 0, findingsAdded: [], findingsRemoved: [], unknown: [], canApply, because: '', zh: '', production: false, leftOut: [] });
  for (const free of [true, false]) {
    host = fixtureHost({ entry: entry(), uptake: drained, undoReview: review(free), undo: { entry: 5, state: 'applied', objects: [] } });
    connect(host);
    route.go('review', { entry: '4' });
    render(UptakeView, { session: `undo ${free}`, entry: 4 });
    await fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() => expect([route.page, route.params['entry'], route.params['undo']]).toEqual(free ? ['review', '5', undefined] : ['changes', '4', '1']));
    expect(asked('undo')).toEqual(free ? [{ session: 'undo true', entry: 4, token: 'k' }] : []);
    cleanup();
  }
  host = fixtureHost({ entry: entry(3), uptake: drained });
  connect(host);
  render(UptakeView, { session: 'undone', entry: 4 });
  await screen.findByRole('heading', { name: 'Undone' });
  expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
});

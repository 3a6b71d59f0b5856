import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { clusterAnswers } from '../../host/fixtures/clusters';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import type { DryRun, Proposal, Tailored } from '../../wire/generated/types';
import FromTraffic from './FromTraffic.svelte';

const object = { group: 'security.istio.io', kind: 'AuthorizationPolicy', namespace: 'prod', name: 'callers-of-inventory' };
const proposal = (before: string, after: string): Proposal => ({ object, before, after, base: before === '' ? '' : '7', diff: [{ side: 'after', line: 1, text: after }] });
const made: Tailored = {
  proposals: [proposal('', 'kind: AuthorizationPolicy')],
  letIn: [{ namespace: 'prod', serviceAccount: 'orders', workloads: ['orders-v1'], service: 'inventory', ports: [8080], tcp: false, requests: [{ methods: ['POST'], paths: ['/reserve'] }], amount: 120 }, { namespace: 'prod', serviceAccount: 'orders', workloads: ['orders-v1'], service: 'inventory', ports: [6379], tcp: true, requests: [], amount: 3 }],
  left: [{ namespace: '', workload: '', service: 'inventory', tcp: false, amount: 5, why: 'plaintext', because: '', zh: '' }],
  says: [{ tone: 'cuts', title: 'cart → inventory', titleZh: '', detail: 'refused', detailZh: '', requestsPerSecond: 0, observed: false, object: null, path: '' }],
  beside: [],
  silent: ['shoppers'],
  watchedSeconds: 40,
  lines: 7,
  unknown: [],
};
const counted: DryRun['counted'] = { seconds: 240, rows: [{ namespace: 'prod', workload: 'cart-v1', denies: true, tcp: true, refused: 0, of: 1 }, { namespace: 'prod', workload: 'inventory-v1', denies: false, tcp: false, refused: 15, of: 19 }], silent: ['prod/batch-v1'] };
const run = (pending: boolean, of = counted): DryRun => ({ namespace: 'prod', proposals: [proposal('a', 'b')], says: [], counted: of, pending });
const past = { moments: [1_700_000_000_000, 1_700_000_060_000], bytes: 900, damaged: 0, fromPrometheus: 0 };
const draft = { revision: 1, items: [], says: [], canUndo: false };
const graph = { revision: 1, nodes: [], edges: [], groups: [], width: 0, height: 0, unknown: [], windowSeconds: 300 };

let host: FixtureHost;
function open(tailored: Tailored, runs: readonly DryRun[]): void {
  host = fixtureHost({ ...clusterAnswers, graph: graph as never, policiesSeen: tailored, dryRuns: [...runs], draftPut: draft, past, prometheus: null as never });
  connect(host);
  route.go('security', { view: 'seen', in: 'prod' });
  render(FromTraffic, { session: 's' });
}
const asked = (name: string): readonly unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);

beforeEach(() => locale.set('en'));
afterEach(cleanup);

describe('policies from traffic', () => {
  it('say who is let in and who is not, and go into the tray', async () => {
    open(made, []);
    const table = await screen.findByRole('region', { name: 'Let in' });
    expect(within(table).getAllByText('orders')).toHaveLength(2);
    expect(within(table).getByText('3 connections')).toBeTruthy();
    expect(within(table).getByText('120 requests')).toBeTruthy();
    expect(screen.getByText(/callers without a proxy → inventory/)).toBeTruthy();
    expect(screen.getByText(/cart → inventory/)).toBeTruthy();
    expect(asked('policies_seen')).toEqual([{ session: 's', namespace: 'prod', service: '', windowSeconds: 0, requests: false }]);
    await expectAccessible();
    await fireEvent.click(screen.getByRole('switch', { name: 'Methods and paths from the access logs' }));
    await screen.findByText('POST /reserve');
    expect(screen.getByText('anything: of TCP, connections alone are counted')).toBeTruthy();
    await screen.findByText(/7 requests were read/);
    await fireEvent.click(screen.getByRole('button', { name: /Put into the tray/ }));
    await vi.waitFor(() => expect(asked('draft_put')).toEqual([{ session: 's', yaml: 'kind: AuthorizationPolicy', base: '' }]));
  });

  it('in dry-run are enforced together', async () => {
    open({ ...made, proposals: [], letIn: [] }, [run(false)]);
    await fireEvent.click(await screen.findByRole('button', { name: 'Enforce' }));
    await vi.waitFor(() => expect(asked('draft_put')).toEqual([{ session: 's', yaml: 'b', base: '7' }]));
    expect(screen.getByText('Nobody was seen to call here')).toBeTruthy();
  });

  it('in dry-run tell what the proxies themselves counted, and who counts nothing', async () => {
    open(made, [run(false)]);
    const told = await screen.findByRole('region', { name: 'What the proxies counted themselves' });
    const rows = within(told).getAllByRole('listitem').map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim());
    expect(rows).toEqual(['prod/inventory-v1 ALLOW would have refused 15 of 19 requests', 'prod/cart-v1 DENY would have refused 0 of 1 connection']);
    within(told).getByText(/^In the last 4 min/);
    within(told).getByText(/^No such counts come from prod\/batch-v1/);
    await expectAccessible(told);
  });

  it.each([
    [{ seconds: null, rows: [], silent: [] }, /^Nothing yet since the policies were last written to/],
    [{ seconds: 60, rows: [], silent: [] }, /^In the last 1 min nothing came that they judge/],
  ])('in dry-run of which nothing was counted say so: %j', async (of, text) => {
    open(made, [run(false, of)]);
    await screen.findByText(text);
  });

  it('are made of a time that is past too, as the map is moved back', async () => {
    open({ ...made, watchedSeconds: 600 }, []);
    await screen.findByRole('region', { name: 'Let in' });
    expect(screen.queryByRole('slider')).toBeNull();
    route.set({ at: '1700000060000', window: '3600' });
    await screen.findByRole('slider');
    await vi.waitFor(() => expect(asked('policies_seen').at(-1)).toEqual({ session: 's', namespace: 'prod', service: '', windowSeconds: 3600, requests: false, at: 1_700_000_060_000 }));
    await screen.findByText(/^Of this time the app has looked for 10 min/);
    await expectAccessible();
    await fireEvent.click(screen.getByRole('button', { name: 'Back to now' }));
    expect(route.params['at']).toBeUndefined();
  });

  it('that the tray enforces already lead to the review', async () => {
    open(made, [run(true)]);
    await screen.findByText('The tray enforces them: review it.');
    expect(screen.queryByRole('button', { name: 'Enforce' })).toBeNull();
  });

  it('say so where no service is known', async () => {
    host = fixtureHost({ ...clusterAnswers, graph: graph as never, dryRuns: [] });
    connect(host);
    route.go('security', { view: 'seen' });
    render(FromTraffic, { session: 'none' });
    await screen.findByText('No service yet');
    expect(asked('policies_seen')).toEqual([]);
  });
});

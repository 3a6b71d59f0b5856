import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import type { Strict, StrictRow, StrictWorkload } from '../../wire/generated/types';
import ToStrict from './ToStrict.svelte';

const row = (namespace: string, more: Partial<StrictRow>): StrictRow => ({
  namespace,
  wholeMesh: false,
  each: [],
  workloads: 3,
  strict: 0,
  off: 0,
  outside: 0,
  state: 'ready',
  target: 'strict',
  quietSeconds: 7200,
  callers: [],
  clearEver: 0,
  says: [],
  pending: false,
  ...more,
});
const caller = { caller: '', workload: 'inventory-v1', last: Date.now() - 3000, quietSeconds: 3 };
const workload = (name: string, more: Partial<StrictWorkload>): StrictWorkload => ({ name, takes: 'permissive', object: null, path: '', ports: [], stays: false, state: 'ready', target: 'strict', also: [], since: Date.now() - 9e6, quietSeconds: 7200, callers: [], clearEver: 0, pending: false, ...more });
const way = (more: Partial<Strict>): Strict => ({
  since: Date.now() - 9e6,
  watchedSeconds: 7200,
  rows: [row('dev', {}), row('prod', { state: 'blocked', callers: [caller], quietSeconds: 3, clearEver: 0.2 }), row('old', { state: 'done', strict: 3, target: null })],
  next: 'dev',
  broken: [],
  guards: [],
  takenBack: [],
  ...more,
});
const object = { group: 'security.istio.io', kind: 'PeerAuthentication', namespace: 'dev', name: 'default' };

let host: FixtureHost;
function open(strict: Strict): void {
  host = fixtureHost({ strict, strictStep: { object, before: '', after: 'kind: PeerAuthentication', base: '', diff: [] }, draftPut: { revision: 1, items: [], says: [], canUndo: false } });
  connect(host);
  route.go('security', { view: 'strict' });
  render(ToStrict, { session: 's' });
}
const asked = (name: string): readonly unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);

beforeEach(() => locale.set('en'));
afterEach(cleanup);

describe('the way to STRICT', () => {
  it('offers the next safe step, and puts it into the tray with its guard', async () => {
    open(way({}));
    const dev = await screen.findByRole('region', { name: 'dev' });
    expect(within(dev).getByText('Next safe step')).toBeTruthy();
    await expectAccessible();
    await fireEvent.click(within(dev).getByRole('button', { name: 'Prepare STRICT' }));
    await vi.waitFor(() => expect(asked('draft_put')).toEqual([{ session: 's', yaml: 'kind: PeerAuthentication', base: '' }]));
    expect(asked('strict_step')).toEqual([{ session: 's', namespace: 'dev', guard: true }]);
  });

  it('says who stands in the way, and asks for no step where all is done', async () => {
    open(way({}));
    const prod = await screen.findByRole('region', { name: 'prod' });
    expect(within(prod).getByText('a caller without a proxy')).toBeTruthy();
    expect(within(prod).getByText('somebody calls in plaintext now', { exact: false })).toBeTruthy();
    expect(within(screen.getByRole('region', { name: 'old' })).queryByRole('button')).toBeNull();
  });

  it('stops where a caller is broken, and leads to the undo', async () => {
    const broken = { entry: 7, namespace: 'dev', caller: 'legacy/batch', service: 'cart', beforePerSecond: 5, sincePerSecond: 0, beforeErrors: 0, sinceErrors: 0 };
    open(way({ next: null, broken: [broken] }));
    await screen.findByText('legacy/batch → cart: 5/s before, 0/s since');
    expect(screen.getByRole('button', { name: 'Prepare STRICT' }).getAttribute('aria-disabled')).toBe('true');
    await fireEvent.click(screen.getByRole('button', { name: 'Undo the step' }));
    expect(route.params).toMatchObject({ entry: '7', undo: '1' });
  });

  it('says of a step that went back by itself why it did, and leads to the change', async () => {
    open(way({ takenBack: [{ entry: 9, namespace: 'dev', at: Date.now(), why: 'callers without a proxy → cart: 5.0 requests a second before, 0.0 since', zh: '' }] }));
    await screen.findByText(/dev went back by itself/);
    await screen.findByText(/5.0 requests a second before/);
    await fireEvent.click(screen.getByRole('button', { name: 'The change' }));
    expect(route.params).toMatchObject({ entry: '9' });
  });

  it('tells of each workload its mode, its callers, and how long its own proxies were read; each can go ahead alone', async () => {
    const own = { group: 'security.istio.io', kind: 'PeerAuthentication', namespace: 'prod', name: 'cart' };
    const each = [
      workload('cart-v1', { takes: 'strict', object: own, ports: [{ port: 9999, takes: 'permissive' }], stays: true }),
      workload('inventory-v1', { state: 'blocked', callers: [caller], quietSeconds: 3 }),
      workload('mail-v1', { since: null, quietSeconds: 0, state: 'young' }),
    ];
    open(way({ rows: [row('prod', { state: 'blocked', callers: [caller], each })] }));
    const table = await screen.findByRole('table', { name: 'Its workloads' });
    const lines = within(table).getAllByRole('row').slice(1).map((line) => line.textContent.replace(/\s+/g, ' ').trim());
    expect(lines[0]).toMatch(/^inventory-v1 ?PERMISSIVE ?by default ?a caller without a proxy/);
    expect(lines[1]).toMatch(/never read: who calls it is not known/);
    expect(lines[2]).toMatch(/STRICT ?port 9999: PERMISSIVE ?cart ?a policy of its own decides.*nobody for 2 h of reading its proxies/);
    await expectAccessible();
    await fireEvent.click(within(table).getByRole('button', { name: 'STRICT all the same' }));
    await vi.waitFor(() => expect(asked('strict_step')).toEqual([{ session: 's', namespace: 'prod', workload: 'inventory-v1', guard: true }]));
  });

  it('says what a step of one workload is for: its ports, itself, or others with it; and of a namespace never that it is STRICT where it is not', async () => {
    const each = [
      workload('cart-v1', { takes: 'strict', ports: [{ port: 9080, takes: 'disabled' }], target: 'permissive' }),
      workload('mail-v1', { takes: 'disabled', target: 'permissive' }),
      workload('reviews-v1', { also: ['reviews-v2', 'reviews-v3'] }),
    ];
    open(way({ rows: [row('prod', { state: 'blocked', target: null, each })] }));
    const table = await screen.findByRole('table', { name: 'Its workloads' });
    const buttons = within(table).getAllByRole('button').map((button) => button.textContent.trim());
    expect(buttons).toEqual(['PERMISSIVE at its ports', 'PERMISSIVE for it alone', 'STRICT for these 3']);
    within(table).getByText('Its step changes reviews-v2, reviews-v3 as well: no policy selects it alone');
    within(screen.getByRole('region', { name: 'prod' })).getByText(/^No step of the namespace changes these/);
    expect(screen.queryByText(/namespace itself is STRICT/)).toBeNull();
    await expectAccessible();
  });

  it('says of several guards of a namespace what holds for the last', async () => {
    const guard = (entry: number | null, until: number | null) => ({ namespace: 'dev', entry, until, interruptedSeconds: 0, resumed: null, compares: true, byItself: true });
    open(way({ guards: [guard(7, Date.now() + 6e5), guard(null, null)] }));
    within(await screen.findByRole('region', { name: 'dev' })).getByText('goes back by itself');
  });

  it('says for how long nobody guarded a step, and with what it compares since', async () => {
    const guard = { namespace: 'dev', entry: 7, until: Date.now() + 6e5, interruptedSeconds: 720, resumed: Date.now() - 6e4, compares: true, byItself: true };
    open(way({ guards: [guard] }));
    const dev = await screen.findByRole('region', { name: 'dev' });
    within(dev).getByText(/^goes back by itself until /);
    within(dev).getByText(/^For 12 min nobody guarded this step/);
    within(dev).getByText(/compared with what was counted before the step; nobody was seen to break since/);
  });

  it('is honest about having looked for a moment only', async () => {
    open(way({ watchedSeconds: 40 }));
    await screen.findByText(/only looked for 40 s/);
  });
});

import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import type { Strict, StrictRow } from '../../wire/generated/types';
import ToStrict from './ToStrict.svelte';

const row = (namespace: string, more: Partial<StrictRow>): StrictRow => ({
  namespace,
  wholeMesh: false,
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
const way = (more: Partial<Strict>): Strict => ({
  since: Date.now() - 9e6,
  watchedSeconds: 7200,
  rows: [row('dev', {}), row('prod', { state: 'blocked', callers: [caller], quietSeconds: 3, clearEver: 0.2 }), row('old', { state: 'done', strict: 3, target: null })],
  next: 'dev',
  broken: [],
  guarded: [],
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
    open(way({ takenBack: [{ entry: 9, namespace: 'dev', at: Date.now(), why: 'callers without a proxy → cart: 5.0 requests a second before, 0.0 since' }] }));
    await screen.findByText(/dev went back by itself/);
    await screen.findByText(/5.0 requests a second before/);
    await fireEvent.click(screen.getByRole('button', { name: 'The change' }));
    expect(route.params).toMatchObject({ entry: '9' });
  });

  it('is honest about having looked for a moment only', async () => {
    open(way({ watchedSeconds: 40 }));
    await screen.findByText(/only looked for 40 s/);
  });
});

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { proxyAnswers } from '../../host/fixtures/proxies';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { AccessRow, ProxyAccess, ProxyDetail } from '../../wire/generated/types';
import Access from './Access.svelte';
import Proxy from './Proxy.svelte';

const fault = { code: 'not-now' as const, message: 'gone', zh: '', hint: '', hintZh: '', about: null };
const args = { session: 's', namespace: 'prod', pod: 'web-1', anew: false };
const detail: ProxyDetail = { readAt: 7, bytes: 10, counts: [], partial: false, endpointsUnknown: { because: '', zh: '' } };
const line = (n: number, raw: string): AccessRow => ({ n, at: null, call: null, level: 'info', raw });
const log = (raw: string): ProxyAccess => ({ state: 'runs', because: '', zh: '', rows: [line(1, raw)], fit: 1, read: 1, dropped: 0, unknown: 0, off: false, flags: [] });

let host: FixtureHost;

beforeEach(() => locale.set('en'));
afterEach(() => {
  cleanup();
  session.id = null;
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

describe('a proxy', () => {
  it('opens a part where a text was found, and closes it with the tab', async () => {
    host = fixtureHost({ ...proxyAnswers, proxy: detail, proxyLines: [], proxySearch: [{ sort: 'clusters', at: 3, name: 'outbound|80||reviews', around: 'x' }], proxyText: { text: 'name: reviews' }, proxyLogRestore: {} });
    connect(host);
    session.id = 's';
    route.go('proxy', { proxy: 'prod/web-1', q: 'reviews' });
    render(Proxy);
    await fireEvent.click(await screen.findByRole('button', { name: /outbound\|80\|\|reviews/ }));
    await screen.findByText('name: reviews', { exact: false });
    expect(route.params['tab']).toBeUndefined();
    route.set({ tab: 'routes' });
    await vi.waitFor(() => expect(screen.queryByText('name: reviews', { exact: false })).toBeNull());
  });

  it.each([
    ['says what could not be put back when it is left', true, 1],
    ['says nothing of a session that is closed: it puts back by itself', false, 0],
  ])('%s', async (_, stays, said) => {
    const fails = (): Promise<never> => Promise.reject(fault);
    host = fixtureHost({ ...proxyAnswers, proxy: detail, proxyAccess: log('x'), proxyAccessStop: fails, proxyLogRestore: fails });
    connect(host);
    session.id = 's';
    route.go('proxy', { proxy: 'prod/web-1', tab: 'access' });
    render(Proxy);
    await screen.findByText('1 line');
    if (!stays) session.id = null;
    cleanup();
    expect(host.asked.filter(({ name }) => /_(restore|stop)$/.test(name))).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve));
    expect(toasts.shown).toHaveLength(said);
  });
});

describe('its access log', () => {
  it('is held still until something else is asked for', async () => {
    host = fixtureHost({ proxyAccess: ({ search }) => log(search === '' ? 'all of it' : 'what was found'), proxyAccessStop: {} });
    connect(host);
    const { rerender } = render(Access, { args, search: '', selected: null, onopen: () => undefined });
    await screen.findByText('1 line');
    await fireEvent.click(screen.getByRole('button', { name: /Hold still/ }));
    await screen.findByText('held still', { exact: false });
    await rerender({ search: 'x' });
    await screen.findByRole('button', { name: /Hold still/ });
    await screen.findByText('1 line');
  });
});

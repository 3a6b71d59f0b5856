import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixtureHost, type FixtureHost } from '../host/fixture';
import { overview } from '../host/fixtures/clusters';
import { shop } from '../host/fixtures/shop';
import { expectAccessible } from '../lib/axe';
import { locale } from '../state/locale.svelte';
import { route } from '../state/route.svelte';
import { session } from '../state/session.svelte';
import { toasts } from '../state/toasts.svelte';
import { connect } from '../wire/client';
import Frame from './Frame.svelte';

let host: FixtureHost;

function start(hash: string, answers = shop): void {
  host = fixtureHost(answers);
  connect(host);
  location.hash = hash;
  route.start();
  locale.set('en');
  render(Frame);
}

beforeEach(() => sessionStorage.clear());
afterEach(() => {
  cleanup();
  session.leave();
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

describe('without a cluster', () => {
  it('shows every cluster, and no counts of any', async () => {
    start('#/clusters');
    await screen.findByRole('button', { name: 'Demo shop' });
    await screen.findByText(/connection refused/);
    expect(within(screen.getByRole('navigation')).queryAllByText(/\d/)).toEqual([]);
    await expectAccessible();
  });

  it('asks every cluster but those that would run a program', async () => {
    start('#/clusters');
    await screen.findByRole('button', { name: 'Allow this command' });
    const probed = host.asked.filter(({ name }) => name === 'probe').map(({ args }) => (args as { cluster: string }).cluster);
    expect(probed.sort()).toEqual(['demo', 'edge-1', 'old-dc', 'prod-eu', 'staging']);
  });
});

describe('with a cluster', () => {
  it('opens what the address names, and follows it', async () => {
    start('#/proxies?cluster=prod-eu');
    await screen.findByRole('grid', { name: 'Proxies' });
    await screen.findByText(/^live/);
    await expectAccessible();
    host.pulse({ session: 's-1', revision: 2, link: 'stale', heardAt: Date.now() - 12_000, spoiled: ['proxies'] });
    await screen.findByText('12 s old, reconnecting');
    await waitFor(() => expect(host.asked.filter(({ name }) => name === 'proxies')).toHaveLength(2));
  });

  it('says what is known of a change that did not come to its end, and leads to it', async () => {
    const settled = [{ entry: 7, message: 'to v3', zh: '', written: 1, objects: 2 }];
    start('#/proxies?cluster=prod-eu', { ...shop, overview: { ...overview(), settled } });
    await screen.findByText('Change 7 did not come to its end');
    screen.getByText('to v3: by what the cluster shows, 1 of 2 objects were written');
    await fireEvent.click(screen.getByRole('button', { name: 'Finish or undo it' }));
    await waitFor(() => expect(location.hash).toContain('entry=7'));
    // Once, however often the overview is asked.
    host.pulse({ session: 's-1', revision: 2, link: 'live', heardAt: Date.now(), spoiled: ['overview'] });
    await waitFor(() => expect(host.asked.filter(({ name }) => name === 'overview').length).toBeGreaterThan(1));
  });

  it('says why a cluster does not open, and goes back to the list', async () => {
    const fault = { code: 'unreachable', message: 'connecting to 10.0.3.7 failed', zh: '', hint: 'Check the VPN', hintZh: '', about: null };
    start('#/proxies?cluster=old-dc', { ...shop, open: () => Promise.reject(fault) });
    await screen.findByText('connecting to 10.0.3.7 failed');
    await waitFor(() => expect(route.page).toBe('clusters'));
  });

  it('switches the language without a reload', async () => {
    start('#/findings?cluster=demo');
    await screen.findByRole('heading', { level: 1, name: 'Findings' });
    locale.set('zh');
    await screen.findByRole('heading', { level: 1, name: '发现' });
  });
});

describe('Ctrl-K', () => {
  it('goes anywhere by keys alone', async () => {
    start('#/clusters?cluster=demo');
    await screen.findByText(/^live/);
    await fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
    const field = await screen.findByRole('combobox', { name: 'Go to anything' });
    await fireEvent.input(field, { target: { value: 'prox' } });
    await expectAccessible(screen.getByRole('dialog'));
    await fireEvent.keyDown(field, { key: 'Enter' });
    await waitFor(() => expect(route.page).toBe('proxies'));
  });
});

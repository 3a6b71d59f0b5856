import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type Answers, type FixtureHost } from '../../host/fixture';
import { proxyAnswers } from '../../host/fixtures/proxies';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { AccessRow, ObjectRef, ProxyAccess, ProxyDetail, ProxyLine } from '../../wire/generated/types';
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
    host = fixtureHost({ ...proxyAnswers, proxy: detail, proxyLines: [], proxySearch: { hits: [{ sort: 'clusters', at: 3, name: 'outbound|80||reviews', around: 'x' }], more: false }, proxyText: { text: 'name: reviews' }, proxyLogRestore: {} });
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

  it('shows its log where it does not answer itself, and nothing else', async () => {
    host = fixtureHost({ ...proxyAnswers, proxy: () => Promise.reject({ ...fault, message: 'you may not create pods/portforward' }), proxyAccess: log('a line of its log'), proxyAccessStop: {}, proxyLogRestore: {} });
    connect(host);
    session.id = 's';
    route.go('proxy', { proxy: 'prod/web-1' });
    render(Proxy);
    await screen.findByText('you may not create pods/portforward', { exact: false });
    await screen.findByText('a line of its log');
    expect(screen.getAllByRole('tab').map((tab) => tab.textContent.trim())).toEqual(['Access log']);
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

const object = (kind: string, name: string): ObjectRef => ({ group: 'networking.istio.io', kind, namespace: 'prod', name });
const part = (at: number, name: string, change: Partial<ProxyLine> = {}): ProxyLine => ({ at, name, state: 'active', cells: [], from: [], error: '', ...change });
const open = (name: string): Promise<HTMLElement> => screen.findByRole('complementary', { name });

describe('a part of it', () => {
  const refused = part(3, 'reviews cluster', { state: 'refused', from: [object('DestinationRule', 'reviews'), object('Sidecar', 'default')], error: 'no such TLS context' });
  const answers: Answers = {
    ...proxyAnswers,
    proxy: detail,
    proxyLines: ({ sort }) => (sort === 'clusters' ? [part(2, 'other'), refused] : sort === 'bootstrap' ? [part(0, 'node'), part(0, 'mesh')] : []),
    proxySearch: ({ text }) =>
      text === 'many'
        ? { hits: Array.from({ length: 30 }, (_, at) => ({ sort: 'endpoints', at, name: `outbound|${at}`, around: 'x' })), more: true }
        : {
            hits: [
              { sort: 'clusters', at: 3, name: 'outbound|80||reviews', around: 'x' },
              { sort: 'bootstrap', at: 0, name: '', around: 'mesh_id: reviews' },
            ],
            more: false,
          },
    proxyText: ({ sort, at }) => ({ text: `text of ${sort} ${at}` }),
    proxyLogRestore: {},
  };
  const start = (params: Record<string, string>): void => {
    host = fixtureHost(answers);
    connect(host);
    session.id = 's';
    route.go('proxy', { proxy: 'prod/web-1', ...params });
    render(Proxy);
  };

  it('that a search found leads back to the objects that made it, and says why it was refused', async () => {
    start({ q: 'reviews' });
    await fireEvent.click(await screen.findByRole('button', { name: /outbound\|80\|\|reviews/ }));
    const panel = await open('reviews cluster');
    within(panel).getByText('no such TLS context');
    expect(within(panel).getAllByRole('link').map((link) => link.textContent)).toEqual(['DestinationRule prod/reviews', 'Sidecar prod/default']);
    expect(within(panel).getAllByRole('link')[0]?.getAttribute('href')).toMatch(/^#\/routes\?.*name=reviews/);
    await within(panel).findByText('text of clusters 3');
  });

  it('that a search found in the bootstrap has a title, though the place has no name', async () => {
    start({ q: 'reviews' });
    await fireEvent.click(await screen.findByRole('button', { name: /mesh_id: reviews/ }));
    await within(await open('Bootstrap')).findByText('text of bootstrap 0');
    expect(host.asked.some(({ name, args }) => name === 'proxy_lines' && (args as { sort: string }).sort === 'bootstrap')).toBe(false);
  });

  it('that a search found is one of eight, of all where somebody asks, and of more than are told', async () => {
    start({ q: 'many' });
    const inside = within(await screen.findByRole('region', { name: 'Inside the parts' }));
    const places = (): number => inside.getAllByRole('listitem').length;
    expect(places()).toBe(8);
    inside.getByText(/the first 30 places/);
    await fireEvent.click(inside.getByRole('button', { name: 'Show all 30' }));
    expect(places()).toBe(30);
    await fireEvent.click(inside.getByRole('button', { name: 'Show 8 alone' }));
    expect(places()).toBe(8);
  });

  it('is the same from its list; and of the bootstrap one line is chosen, not all', async () => {
    start({ tab: 'clusters' });
    await fireEvent.click(await screen.findByText('reviews cluster'));
    within(await open('reviews cluster')).getByText('no such TLS context');
    route.set({ tab: 'bootstrap' });
    await fireEvent.click(await screen.findByText('mesh'));
    await open('mesh');
    expect(screen.getAllByRole('row', { selected: true }).map((row) => row.textContent.trim())).toEqual(['mesh']);
  });
});

describe('its bundle', () => {
  const press = async (bundle: Answers['proxyBundle'], place: string | null): Promise<ReturnType<typeof vi.fn>> => {
    const saveFile = vi.fn(() => Promise.resolve(place));
    host = { ...fixtureHost({ ...proxyAnswers, proxy: detail, proxyLines: [], proxyLogRestore: {}, ...(bundle ? { proxyBundle: bundle } : {}) }), saveFile };
    connect(host);
    session.id = 's';
    route.go('proxy', { proxy: 'prod/web-1' });
    render(Proxy);
    await screen.findByRole('grid');
    const button = screen.getByRole('button', { name: 'Save a bundle' });
    await fireEvent.click(button);
    await vi.waitFor(() => expect(host.asked.filter(({ name }) => name === 'proxy_bundle').map(({ args: of }) => of)).toEqual([args]));
    await vi.waitFor(() => expect(button.getAttribute('aria-busy')).toBeNull());
    return saveFile;
  };

  it('is saved as the core gives it, where the user says', async () => {
    const saveFile = await press({ text: '{"keys": "[redacted]"}' }, '/home/ann/prod-web-1.json');
    expect(saveFile.mock.calls).toEqual([['prod-web-1.json', '{"keys": "[redacted]"}']]);
    expect(toasts.shown.map(({ title, detail: where }) => [title, where])).toEqual([['Saved, without keys and tokens', '/home/ann/prod-web-1.json']]);
  });

  it('is nowhere where nobody chose a place, or the proxy does not answer', async () => {
    await press({ text: '{}' }, null);
    expect(toasts.shown).toEqual([]);
    cleanup();
    expect(await press(() => Promise.reject(fault), '/home/ann/x.json')).not.toHaveBeenCalled();
    expect(toasts.shown.map(({ title }) => title)).toEqual(['gone']);
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

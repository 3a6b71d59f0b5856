import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { proxyAnswers, rows } from '../../host/fixtures/proxies';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { connect } from '../../wire/client';
import type { Proxies as Fleet, ProxyRow } from '../../wire/generated/types';
import { chosen, narrowest, those, toParam } from './columns';
import Proxies from './Proxies.svelte';

const [, stale, well] = rows as [ProxyRow, ProxyRow, ProxyRow];
const named = (pod: string, change: Partial<ProxyRow>): ProxyRow => ({ ...well, pod, ills: [], ...change });
const certificate = (spiffe: string, issuer: string, rootMatches: boolean | null): ProxyRow['certificate'] => ({ beginsAt: 0, endsAt: Date.now() + 1e7, spiffe, issuer, rootMatches });

/** Each differs from the next in all that is sorted by; of the last nothing is known. */
const fleet = [
  named('a', { ready: true, certificate: certificate('spiffe://cluster.local/ns/prod/sa/web', 'O=one', true), controlPlane: 'istio-system/istiod-2' }),
  named('b', { ready: false, certificate: certificate('spiffe://cluster.local/ns/prod/sa/cart', 'O=two', false), controlPlane: 'istio-system/istiod-1' }),
  named('c', { presence: 'dead', ready: false, certificate: null, controlPlane: '' }),
];

beforeEach(() => locale.set('en'));
afterEach(() => {
  cleanup();
  session.id = null;
});

async function start(id: string, of: ProxyRow[]): Promise<void> {
  connect(fixtureHost({ proxies: { ...(proxyAnswers.proxies as Fleet), rows: of } }));
  session.id = id;
  route.go('proxies');
  render(Proxies);
  await screen.findByRole('grid');
}
const column = (title: string): (string | undefined)[] => {
  const at = screen.getAllByRole('columnheader').findIndex((head) => head.textContent.trim() === title);
  return screen.getAllByRole('row').slice(1).map((row) => within(row).getAllByRole('gridcell')[at]?.textContent.replace(/\s+/g, ' ').trim());
};

it.each([
  ['Ready', ['not ready', 'ready', '—']],
  ['Identity', ['prod/cart', 'prod/web', '—']],
  ['Roots', ['other', 'same', '—']],
  ['Control plane', ['istiod-1', 'istiod-2', '—']],
  ['Issuer', ['O=one', 'O=two', '—']],
])('shows %s, and is sorted by it both ways; what is not known stays last', async (title, up) => {
  await start(`columns ${title}`, fleet);
  const head = screen.getByRole('button', { name: title });
  await fireEvent.click(head);
  expect(column(title)).toEqual(up);
  await fireEvent.click(head);
  expect(column(title)).toEqual([up[1], up[0], up[2]]);
  expect(route.params['sort']).toMatch(/^-/);
});

it('says how long a proxy is behind, in its own cell', async () => {
  const types = stale.types.map((type) => (type.name === 'CDS' ? { ...type, sentAt: Date.now() - 200_000 } : type));
  const all = types.map((type) => ({ ...type, state: 'stale' as const, sentAt: Date.now() - 200_000 }));
  await start('stale', [{ ...stale, types }, { ...stale, pod: 'told-nothing', types: types.map((type) => ({ ...type, sentAt: null })) }, { ...stale, pod: 'wholly', types: all }]);
  const [first, second, third] = column('State');
  expect(first).toBe('STALE 3 min CDS');
  expect(second).toBe('STALE CDS');
  expect(screen.getByText('3 min CDS').title).toBe('CDS: sent 3 min. ago');
  expect(third).toBe('STALE 3 min CDS +3');
  expect(screen.getByText('3 min CDS +3').title).toBe('CDS LDS EDS RDS: sent 3 min. ago');
});

it('marks restarts that trouble made, and none where there were none', async () => {
  await start('restarts', [named('a', { restarts: 3, trouble: 'OOMKilled' }), named('b', { restarts: 0, trouble: 'ImagePullBackOff' })]);
  expect(screen.getByTitle('OOMKilled').classList).toContain('soon');
  expect(screen.getByTitle('ImagePullBackOff').classList).not.toContain('soon');
});

const heads = (): string[] => screen.getAllByRole('columnheader').map((head) => head.textContent.trim());

it('shows the columns that somebody chose, by keys alone, and those that fit again', async () => {
  await start('chosen', fleet);
  const menu = screen.getByRole('button', { name: 'Columns' });
  menu.focus();
  await fireEvent.keyDown(menu, { key: 'Enter' });
  const choice = async (name: string): Promise<HTMLElement> => screen.findByRole('menuitemcheckbox', { name });
  expect((await choice('Those that fit')).getAttribute('aria-checked')).toBe('true');
  for (const name of ['State', 'CPU', 'Why']) await fireEvent.keyDown(await choice(name), { key: 'Enter' });
  expect(route.params['columns']).toBe('namespace,ready,version,memory,restarts,config,cert,identity,root,plane,issuer');
  expect(heads()).toEqual(['Health', 'Proxy', 'Namespace', 'Ready', 'Version', 'Memory', 'Restarts', 'Config', 'Certificate', 'Identity', 'Roots', 'Control plane', 'Issuer']);
  await fireEvent.keyDown(await choice('Those that fit'), { key: 'Enter' });
  expect([route.params['columns'] ?? '', heads().length]).toEqual(['', 16]);
  await expectAccessible(screen.getByRole('menu'));
});

it('scrolls sideways for what was chosen, however narrow it is', () => {
  const column = (id: string, width: string, from = 0) => ({ id, title: id, width, from, cell: {} as never });
  const all = [column('health', '8px'), column('proxy', 'minmax(200px, 1.4fr)'), column('cpu', '108px', 800), column('issuer', 'minmax(100px, 0.6fr)', 1940)];
  const of = those(all, chosen('issuer'));
  expect(of.map(({ id, from }) => [id, from])).toEqual([['health', 0], ['proxy', 0], ['issuer', 0]]);
  expect(narrowest(of)).toBe(28 + 8 + 12 + 200 + 12 + 100);
  expect(those(all, chosen(undefined))).toBe(all);
  expect(toParam(all, new Set(['health', 'cpu']))).toBe('cpu');
  expect([...(chosen(toParam(all, new Set())) ?? [])]).toEqual(['health', 'proxy']);
});

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import type { Entry, EntryRow } from '../../wire/generated/types';
import ChangeList from './ChangeList.svelte';
import EntryView from './EntryView.svelte';
import { partOf } from './states';

const object = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };
const row = (entry: number, message: string): EntryRow => ({
  entry,
  at: Date.now() - 60_000,
  cluster: 'prod',
  user: 'ann',
  message,
  zh: '',
  state: 'applied',
  objects: [object],
  undoes: null,
  acknowledged: 1,
  proxies: 2,
  drifted: 1,
});
const entry: Entry = {
  row: row(4, 'more to v3'),
  items: [{ object, change: 'update', before: 'a', after: 'b', diff: [], state: 'applied', because: '', zh: '', drift: [{ field: 'spec.http', managers: ['kubectl'] }] }],
  says: [],
  uptake: [
    { namespace: 'prod', pod: 'a-1', workload: 'a', state: 'acknowledged', because: '', force: 'in-force', drains: 0 },
    { namespace: 'prod', pod: 'b-1', workload: 'b', state: 'rejected', because: 'bad route', force: 'not-yet', drains: 0 },
  ],
};

let host: FixtureHost;
const asked = (name: string): readonly Record<string, unknown>[] => host.asked.filter((one) => one.name === name).map(({ args }) => args as Record<string, unknown>);

beforeEach(() => locale.set('en'));
afterEach(cleanup);

it('tells why a change was made and what became of it in the language of the window', async () => {
  locale.set('zh');
  const items = entry.items.map((item) => ({ ...item, because: 'it was so already', zh: '它已是如此' }));
  const undo = { ...row(5, 'undo of 4'), zh: '撤销第 4 号变更', undoes: 4 };
  connect(fixtureHost({ entry: { ...entry, row: undo, items } }));
  render(EntryView, { session: 'zh', entry: 4 });
  await screen.findByText('它已是如此');
  await screen.findByText('撤销第 4 号变更');
});

describe('the journal', () => {
  it('is searched, and exported as it is filtered', async () => {
    host = fixtureHost({ history: [row(4, 'more to v3')], historyExport: { text: '# changes' } });
    connect(host);
    render(ChangeList, { session: 's' });
    await screen.findByText('more to v3');
    await expectAccessible();
    await fireEvent.input(screen.getByLabelText('Find by object, person or reason'), { target: { value: ' v3 ' } });
    await vi.waitFor(() => expect(asked('history').some(({ search }) => search === 'v3')).toBe(true));
    await fireEvent.click(screen.getByRole('switch', { name: 'All clusters' }));
    await vi.waitFor(() => expect(asked('history').some(({ allClusters, search }) => allClusters === true && search === 'v3')).toBe(true));
    await screen.findByText('ann · prod');
    await fireEvent.keyDown(screen.getByRole('button', { name: 'Export' }), { key: 'Enter' });
    await fireEvent.click(await screen.findByRole('menuitem', { name: 'As Markdown, to read' }));
    await vi.waitFor(() => expect(asked('history_export')).toMatchObject([{ wanted: { search: 'v3', allClusters: true }, form: 'markdown' }]));
  });

  it('names the first of many objects, and says how many there are besides', async () => {
    const many = ['a', 'b', 'c', 'd'].map((name) => ({ ...object, name }));
    host = fixtureHost({ history: [{ ...row(4, 'all at once'), objects: many }] });
    connect(host);
    render(ChangeList, { session: 'many' });
    await screen.findByText('and 3 more');
    expect(document.querySelectorAll('.objects .cut > .faint')).toHaveLength(1);
  });

  it('says that nothing matches, and clears its filters', async () => {
    host = fixtureHost({ history: ({ search }) => (search === '' ? [row(4, 'more to v3')] : []) });
    connect(host);
    render(ChangeList, { session: 's' });
    await screen.findByText('more to v3');
    await fireEvent.input(screen.getByLabelText('Find by object, person or reason'), { target: { value: 'nobody' } });
    await fireEvent.click(await screen.findByRole('button', { name: 'Clear the filters' }));
    await screen.findByText('more to v3');
    expect(screen.getByLabelText<HTMLInputElement>('Find by object, person or reason').value).toBe('');
  });

  it('says what of a change was not written, and offers to finish it', async () => {
    const item = entry.items[0];
    if (!item) throw new Error('no item');
    const partial: Entry = { ...entry, row: { ...entry.row, state: 'partial', objects: [object, object] }, items: [item, { ...item, state: 'rolled-back', because: 'it was not written' }] };
    host = fixtureHost({ entry: partial, finish: { revision: 2, items: [], says: [], canUndo: true } });
    connect(host);
    render(EntryView, { session: 'p', entry: 4 });
    await screen.findByText('One of 2 objects was not written');
    await fireEvent.click(screen.getByRole('button', { name: 'Put the rest into the tray' }));
    await vi.waitFor(() => expect(asked('finish')).toEqual([{ session: 'p', entry: 4 }]));
  });

  it('says of an entry who changed it since, and which proxies refused it', async () => {
    host = fixtureHost({ entry });
    connect(host);
    render(EntryView, { session: 's', entry: 4 });
    await screen.findByText('spec.http');
    expect(screen.getByText(/now owned by kubectl/)).toBeTruthy();
    expect(screen.getByText('prod/b-1')).toBeTruthy();
    expect(screen.getByText('bad route')).toBeTruthy();
    expect(screen.queryByText('prod/a-1')).toBeNull();
  });
});

it('a change says which of its objects a later one undid, and leads there', async () => {
  const part = { ...row(9, 'undo of 4, in part'), zh: '部分撤销第 4 号变更', objects: [{ ...object, name: 'ratings' }] };
  const typed = row(4, 'undo of 4, in part: by hand');
  const rollout = { message: 'undo of rollout r, in part', zh: '部分撤销发布 r', undoes: null };
  expect([partOf(part), partOf(row(4, 'more to v3')), partOf({ ...typed, zh: typed.message }), partOf(rollout)]).toEqual([{ entry: 4, name: '4' }, null, null, { entry: null, name: 'r' }]);
  host = fixtureHost({ entry, history: ({ search }) => (search === 'undo of 4, in part' ? [part] : []) });
  connect(host);
  render(EntryView, { session: 's', entry: 4 });
  await screen.findByText('Undone of this change: VirtualService ratings');
  screen.getByText('undone in part');
  await fireEvent.click(screen.getByRole('button', { name: 'Open change 9' }));
  expect(route.params).toMatchObject({ entry: '9' });
});

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fixtureHost, type Answers, type FixtureHost } from '../../host/fixture';
import { locale } from '../../state/locale.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { DraftItem, ObjectRef } from '../../wire/generated/types';
import { save, saveOne } from './export';

const object = (name: string): ObjectRef => ({ group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name });
const saved = vi.fn<(name: string, text: string) => Promise<string | null>>();

function start(answers: Answers): FixtureHost {
  const host = { ...fixtureHost({ draft: { revision: 1, items: [], says: [], canUndo: false }, ...answers }), saveFile: saved };
  connect(host);
  return host;
}
const live: Answers = { document: ({ object: { kind, namespace, name } }) => ({ object: object(name), uid: '', yaml: name === 'bare' ? 'name: bare' : `name: ${name}\n`, resourceVersion: '1', owner: '', managers: [], about: `${kind} ${namespace}` }) as never };

beforeEach(() => {
  locale.set('en');
  saved.mockReset();
  saved.mockImplementation((name) => Promise.resolve(`/home/ann/${name}`));
});
afterEach(() => toasts.shown.forEach(({ id }) => toasts.dismiss(id)));

it('saves an object under its own name, and says where', async () => {
  start(live);
  await saveOne('e', object('reviews'));
  expect(saved.mock.calls).toEqual([['virtualservice-reviews.yaml', 'name: reviews\n']]);
  expect(toasts.shown.map(({ title, detail }) => [title, detail])).toEqual([['1 object saved', '/home/ann/virtualservice-reviews.yaml']]);
});

it('saves many in one file, a document each, in the order given and as they are edited', async () => {
  const item: DraftItem = { object: object('n3'), change: 'update', yaml: 'name: n3 # edited\n', fieldsChanged: 1, outdated: false, base: '1', baseYaml: 'name: n3\n' };
  const gone: DraftItem = { ...item, object: object('n4'), change: 'delete', yaml: '' };
  const host = start({ ...live, draft: { revision: 1, items: [item, gone], says: [], canUndo: true } });
  const names = ['bare', ...Array.from({ length: 19 }, (_, i) => `n${i}`)];
  await save('e', names.map(object), 'configuration.yaml');
  const documents = (saved.mock.calls[0]?.[1] ?? '').split('---\n');
  expect(documents).toEqual(names.map((name) => (name === 'n3' ? 'name: n3 # edited\n' : `name: ${name}\n`)));
  // What is edited is not asked for.
  expect(host.asked.filter(({ name }) => name === 'document')).toHaveLength(19);
  expect(toasts.shown.map(({ title }) => title)).toEqual(['20 objects saved']);
});

it('says nothing where nobody chose a place, and saves nothing where one cannot be read', async () => {
  saved.mockImplementation(() => Promise.resolve(null));
  start(live);
  await saveOne('e', object('reviews'));
  expect(toasts.shown).toEqual([]);
  saved.mockClear();
  start({ document: () => Promise.reject({ code: 'forbidden', message: 'you may not read it', hint: '', about: null }) });
  await save('e', [object('reviews')], 'configuration.yaml');
  expect(saved).not.toHaveBeenCalled();
  expect(toasts.shown.map(({ title }) => title)).toEqual(['you may not read it']);
});

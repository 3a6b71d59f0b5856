import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fixtureHost, type Answers, type FixtureHost } from '../../host/fixture';
import { locale } from '../../state/locale.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { Import, Proposal } from '../../wire/generated/types';
import ImportDialog from './ImportDialog.svelte';

const proposal = (name: string, before: string, after: string): Proposal => ({
  object: { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name },
  before,
  after,
  base: before === '' ? '' : '7',
  diff: [{ side: before === after ? 'same' : 'after', line: 1, text: after }],
});
/** One for each document of a text: what it says is what it is called. */
const read = (yaml: string): Import => proposed(yaml.split('\n---\n').map((text) => proposal(text.trim(), '', text)));
const proposed = (proposals: Proposal[]): Import => ({ proposals, files: 0, passedOver: [], problems: [] });
const file = (name: string, text: string): File => Object.assign(new File([text], name), { text: () => Promise.resolve(text) });

let host: FixtureHost;
const onclose = vi.fn();
const asked = (name: string): unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);
const text = (): HTMLTextAreaElement => screen.getByLabelText('Or paste YAML: several documents are fine');

function start(answers: Answers = {}): void {
  host = fixtureHost({ import: ({ yaml }) => read(yaml), draftPut: { revision: 1, items: [], says: [], canUndo: true }, ...answers });
  connect(host);
  render(ImportDialog, { session: 'i', onclose });
}
async function paste(yaml: string): Promise<void> {
  text().value = yaml;
  await fireEvent.input(text());
}
const put = (): Promise<HTMLElement> => screen.findByRole('button', { name: 'Put into the tray' });

beforeEach(() => {
  locale.set('en');
  onclose.mockReset();
});
afterEach(() => {
  cleanup();
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

it('shows what a text would change, and puts it into the tray', async () => {
  start({ import: { ...proposed([proposal('reviews', 'a', 'b'), proposal('ratings', '', 'c'), proposal('cart', 'd', 'd')]), passedOver: [{ kind: 'Service', count: 2 }] } });
  const look = screen.getByRole('button', { name: 'Show what it would change' });
  expect(look.getAttribute('aria-disabled')).toBe('true');
  await fireEvent.click(look);
  expect(asked('import')).toEqual([]);
  await paste('b\n---\nc\n---\nd');
  await fireEvent.click(look);
  const shown = await screen.findByRole('region', { name: 'VirtualService ratings' });
  within(shown).getByText('new');
  screen.getByText(/Service \(2\)/);
  expect(asked('import')).toEqual([{ session: 'i', yaml: 'b\n---\nc\n---\nd' }]);
  await fireEvent.click(await put());
  await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
  expect(asked('draft_put')).toEqual([
    { session: 'i', yaml: 'b', base: '7' },
    { session: 'i', yaml: 'c', base: '' },
  ]);
});

it('takes what was shown back as soon as the text is another', async () => {
  start();
  await paste('one');
  await fireEvent.change(text());
  await screen.findByRole('region', { name: 'VirtualService one' });
  await paste('two');
  await waitFor(() => expect(screen.queryByRole('region', { name: 'VirtualService one' })).toBeNull());
  expect(screen.queryByRole('button', { name: 'Put into the tray' })).toBeNull();
  await fireEvent.click(screen.getByRole('button', { name: 'Show what it would change' }));
  await screen.findByRole('region', { name: 'VirtualService two' });
  await fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  expect(onclose).toHaveBeenCalledOnce();
  expect(asked('draft_put')).toEqual([]);
});

it.each<[string, () => Promise<Import>]>([
  ['no answer', () => Promise.resolve(read('slow'))],
  ['no fault', () => Promise.reject({ code: 'bad-input', message: 'slow', hint: '', about: null })],
])('shows %s of a text that was changed while it was asked for', async (_, answer) => {
  let end: () => void = () => undefined;
  start({ import: ({ yaml }) => (yaml === 'slow' ? new Promise<void>((resolve) => (end = resolve)).then(answer) : read(yaml)) });
  await paste('slow');
  await fireEvent.change(text());
  await waitFor(() => expect(asked('import')).toHaveLength(1));
  await paste('quick');
  await fireEvent.change(text());
  await screen.findByRole('region', { name: 'VirtualService quick' });
  end();
  await new Promise((resolve) => setTimeout(resolve));
  expect(screen.queryByText(/slow/)).toBeNull();
  screen.getByRole('region', { name: 'VirtualService quick' });
});

it('reads several files as one text', async () => {
  start();
  await fireEvent.change(screen.getByLabelText('From files'), { target: { files: [file('a.yaml', 'one'), file('b.yaml', 'two')] } });
  await screen.findByRole('region', { name: 'VirtualService two' });
  expect(asked('import')).toEqual([{ session: 'i', yaml: 'one\n---\ntwo' }]);
  expect(text().value).toBe('one\n---\ntwo');
  await fireEvent.click(await put());
  await waitFor(() => expect(asked('draft_put')).toHaveLength(2));
});

it('says that nothing is new, that nothing is in it, and what cannot be read', async () => {
  const fault = { code: 'bad-input' as const, message: 'line 3: a tab', hint: '', about: null };
  start({ import: ({ yaml }) => (yaml === 'same' ? proposed([proposal('reviews', 'x', 'x')]) : yaml === 'none' ? proposed([]) : Promise.reject(fault)) });
  await paste('same');
  await fireEvent.change(text());
  const button = await put();
  expect(button.getAttribute('aria-disabled')).toBe('true');
  await fireEvent.click(button);
  expect(asked('draft_put')).toEqual([]);
  await paste('none');
  await fireEvent.change(text());
  await screen.findByText('There is no object in it.');
  await paste('broken');
  await fireEvent.change(text());
  await screen.findByText('line 3: a tab');
  expect(screen.queryByText('There is no object in it.')).toBeNull();
});

it('stays open with what the core says where the tray refuses it', async () => {
  start({ draftPut: () => Promise.reject({ code: 'not-now', message: 'the tray is shut', hint: '', about: null }) });
  await paste('one');
  await fireEvent.change(text());
  await fireEvent.click(await put());
  await waitFor(() => expect(toasts.shown.map(({ title }) => title)).toEqual(['the tray is shut']));
  expect(onclose).not.toHaveBeenCalled();
});

it('reads a folder, and says what it passed over and could not read', async () => {
  start({ importFolder: { proposals: read('one').proposals, files: 3, passedOver: [{ kind: 'Deployment', count: 2 }], problems: [{ path: 'bad.yaml', line: 4, message: 'a tab', zh: '有制表符' }] } });
  await fireEvent.input(screen.getByLabelText('Or a file, or a folder with the folders in it: what comes from there is saved back there'), { target: { value: ' ~/mesh ' } });
  await fireEvent.click(screen.getByRole('button', { name: 'Read it' }));
  await screen.findByRole('region', { name: 'VirtualService one' });
  expect(asked('import_folder')).toEqual([{ session: 'i', path: '~/mesh' }]);
  screen.getByText(/Deployment \(2\)/);
  screen.getByText('bad.yaml:4');
  await fireEvent.click(await put());
  await waitFor(() => expect(asked('draft_put')).toEqual([{ session: 'i', yaml: 'one', base: '' }]));
});

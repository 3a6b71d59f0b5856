import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { proxyAnswers } from '../../host/fixtures/proxies';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { connect } from '../../wire/client';
import Proxies from './Proxies.svelte';
import { views } from './views.svelte';

beforeEach(() => {
  locale.set('en');
  views.all.forEach(({ name }) => views.remove(name));
});
afterEach(() => {
  cleanup();
  session.id = null;
});

async function start(params: Record<string, string>): Promise<void> {
  connect(fixtureHost(proxyAnswers));
  session.id = 'views';
  route.go('proxies', params);
  render(Proxies);
  await screen.findByRole('grid');
}
const pods = (): string[] => screen.getAllByRole('row').slice(1).map((row) => row.querySelector('.mono')?.textContent ?? '');

/** The entries of the menu. */
async function menu(): Promise<HTMLElement[]> {
  await fireEvent.keyDown(screen.getByRole('button', { name: 'Views' }), { key: 'Enter' });
  return screen.findAllByRole('menuitem');
}
async function pick(name: string): Promise<void> {
  const item = (await menu()).find(({ textContent }) => textContent.trim() === name);
  if (!item) throw new Error(`no entry ${name}`);
  await fireEvent.click(item);
}

it('saves a view under a name, applies it from elsewhere, and removes it', async () => {
  await start({ show: 'ill', namespace: 'prod', sort: '-memory', proxy: 'prod/cart-v1-84d5c9b7c-7tq2w' });
  expect(pods()[0]).toMatch(/^cart-v1/);
  expect((await menu()).map(({ textContent }) => textContent.trim())).toEqual(['Save this view']);
  await fireEvent.click(screen.getByRole('menuitem'));
  const dialog = await screen.findByRole('dialog', { name: 'Save this view' });
  const save = within(dialog).getByRole('button', { name: 'Save' });
  expect([save.getAttribute('aria-disabled'), save.title]).toEqual(['true', 'Give it a name first']);
  await fireEvent.input(within(dialog).getByRole('textbox', { name: 'Name of the view' }), { target: { value: ' ill ones of prod ' } });
  await waitFor(() => expect(save.getAttribute('aria-disabled')).toBeNull());
  await fireEvent.submit(within(dialog).getByRole('textbox').closest('form') as HTMLFormElement);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(views.all.map(({ name }) => name)).toEqual(['ill ones of prod']);

  const all = (): void => route.go('proxies', { q: 'gateway', group: 'role' });
  all();
  await waitFor(() => expect(screen.queryByText(/^cart-v1/)).toBeNull());
  await pick('ill ones of prod');
  expect(route.params).toEqual({ show: 'ill', namespace: 'prod', sort: '-memory' });
  await waitFor(() => expect(pods()[0]).toMatch(/^cart-v1/));
  expect(pods()).toHaveLength(4);

  await pick('Save this view');
  const again = await screen.findByRole('dialog');
  await fireEvent.click(within(again).getByRole('button', { name: 'Remove the view ill ones of prod' }));
  expect(views.all).toEqual([]);
  await waitFor(() => expect(within(again).queryByText('ill ones of prod')).toBeNull());
  await fireEvent.click(within(again).getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect((await menu()).map(({ textContent }) => textContent.trim())).toEqual(['Save this view']);
});

it('keeps nothing of a view that was not given a name', async () => {
  await start({ show: 'ill' });
  await pick('Save this view');
  const dialog = await screen.findByRole('dialog');
  await fireEvent.input(within(dialog).getByRole('textbox'), { target: { value: '  ' } });
  await fireEvent.submit(within(dialog).getByRole('textbox').closest('form') as HTMLFormElement);
  expect(screen.queryByRole('dialog')).not.toBeNull();
  expect(views.all).toEqual([]);
});

import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost, type Answers, type FixtureHost } from '../../host/fixture';
import { locale } from '../../state/locale.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { ProxyLogger } from '../../wire/generated/types';
import Levels from './Levels.svelte';

const args = { session: 'l', namespace: 'prod', pod: 'web-1', anew: false };
const loggers = (rbac: string, before: string): ProxyLogger[] => [
  { name: 'http', level: 'info', before: '' },
  { name: 'rbac', level: rbac, before },
];

let host: FixtureHost;
const asked = (name: string): unknown[] => host.asked.filter((one) => one.name === name).map(({ args: of }) => of);
const level = (name: string): Promise<HTMLElement> => screen.findByRole('combobox', { name: `Level of ${name}` });

async function choose(name: string, to: string): Promise<void> {
  await fireEvent.keyDown(await level(name), { key: 'Enter' });
  const option = await screen.findByRole('option', { name: to });
  await fireEvent.pointerDown(option, { pointerType: 'mouse' });
  await fireEvent.pointerUp(option, { pointerType: 'mouse' });
}

function start(answers: Answers): void {
  host = fixtureHost({ proxyLoggers: loggers('warning', ''), ...answers });
  connect(host);
  render(Levels, { args });
}

beforeEach(() => locale.set('en'));
afterEach(() => {
  cleanup();
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

it('is changed where it is chosen, says what it was, and is put back', async () => {
  start({ proxyLog: loggers('debug', 'warning'), proxyLogRestore: {} });
  await level('http');
  expect(screen.queryByRole('button', { name: /^Put back/ })).toBeNull();
  await choose('rbac', 'debug');
  await screen.findByText('was warning');
  expect(asked('proxy_log')).toEqual([{ session: 'l', namespace: 'prod', pod: 'web-1', logger: 'rbac', level: 'debug' }]);
  expect((await level('rbac')).textContent.trim()).toBe('debug');
  await fireEvent.click(screen.getByRole('button', { name: 'Put back 1 level' }));
  await waitFor(() => expect(screen.queryByText('was warning')).toBeNull());
  expect(asked('proxy_log_restore')).toEqual([args]);
  expect((await level('rbac')).textContent.trim()).toBe('warning');
});

it('stays as it is where the proxy refuses it', async () => {
  start({ proxyLog: () => Promise.reject({ code: 'forbidden', message: 'you may not forward to it', hint: '', about: null }) });
  await choose('rbac', 'debug');
  await waitFor(() => expect(toasts.shown.map(({ title }) => title)).toEqual(['you may not forward to it']));
  expect((await level('rbac')).textContent.trim()).toBe('warning');
});

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import AddKubeconfig from './AddKubeconfig.svelte';
import AddServer from './AddServer.svelte';

const clusters = { clusters: [], files: [] };
const typed = { name: 'staging', server: 'https://10.0.0.1:6443', authority: '-----BEGIN CERTIFICATE-----', token: 'secret' };

async function fill(): Promise<void> {
  await fireEvent.input(screen.getByLabelText('Name'), { target: { value: typed.name } });
  await fireEvent.input(screen.getByLabelText('Address of the API server'), { target: { value: typed.server } });
  await fireEvent.input(screen.getByLabelText('Certificate authority (PEM)'), { target: { value: typed.authority } });
  await fireEvent.input(screen.getByLabelText('Token'), { target: { value: typed.token } });
}

beforeEach(() => locale.set('en'));
afterEach(() => {
  cleanup();
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

describe('a server by address and token', () => {
  it('is added with what was typed, and the token is gone from the page', async () => {
    const host = fixtureHost({ serverAdd: { clusters, fleeting: { because: '', zh: '' } } });
    connect(host);
    const onclose = vi.fn();
    render(AddServer, { open: true, onclose });
    await fill();
    await expectAccessible();
    await fireEvent.click(screen.getByRole('button', { name: 'Add server' }));
    await vi.waitFor(() => expect(onclose).toHaveBeenCalledOnce());
    expect(host.asked).toEqual([{ name: 'server_add', args: typed }]);
    expect(screen.getByLabelText('Token')).toHaveProperty('value', '');
    expect(toasts.shown).toHaveLength(0);
  });

  it('whose token no keyring took says so', async () => {
    connect(fixtureHost({ serverAdd: { clusters, fleeting: { because: 'no keyring', zh: '' } } }));
    render(AddServer, { open: true, onclose: () => undefined });
    await fill();
    await fireEvent.submit(screen.getByLabelText('Name').closest('form') as HTMLFormElement);
    await vi.waitFor(() => expect(toasts.shown[0]?.title).toBe('The token of staging is kept until Netloft is closed'));
  });

  it('that is refused stays as it was typed, with the reason, and Cancel forgets the token', async () => {
    const fault = { code: 'bad-input' as const, message: 'the address is no https address', zh: '', hint: '', hintZh: '', about: null };
    connect(fixtureHost({ serverAdd: () => Promise.reject(fault) }));
    const onclose = vi.fn();
    render(AddServer, { open: true, onclose });
    await fill();
    await fireEvent.submit(screen.getByLabelText('Name').closest('form') as HTMLFormElement);
    await screen.findByText('the address is no https address');
    expect(onclose).not.toHaveBeenCalled();
    expect(screen.getByLabelText('Token')).toHaveProperty('value', typed.token);
    await fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    expect(onclose).toHaveBeenCalledOnce();
    expect(screen.getByLabelText('Token')).toHaveProperty('value', '');
  });
});

describe('a kubeconfig', () => {
  it('is added by its path, without the space around it', async () => {
    const host = fixtureHost({ kubeconfigAdd: clusters });
    connect(host);
    const onclose = vi.fn();
    render(AddKubeconfig, { open: true, onclose });
    await fireEvent.input(screen.getByRole('textbox'), { target: { value: ' ~/.kube/other ' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Add kubeconfig' }));
    await vi.waitFor(() => expect(onclose).toHaveBeenCalledOnce());
    expect(host.asked).toEqual([{ name: 'kubeconfig_add', args: { path: '~/.kube/other' } }]);
  });
});

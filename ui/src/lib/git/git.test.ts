import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { locale } from '../../state/locale.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { GitPlan } from '../../wire/generated/types';
import { expectAccessible } from '../axe';
import GitDialog from './GitDialog.svelte';
import { last } from './last-folder.svelte';

const plan: GitPlan = {
  root: '/home/me/shop',
  branch: 'main',
  files: [{ path: 'prod/virtualservice-reviews.yaml', isNew: true, isGone: false, diff: [{ side: 'after', line: 1, text: 'kind: VirtualService' }] }],
  same: 1,
  message: 'add VirtualService prod/reviews\n',
  token: '7',
};
const object = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };

let host: FixtureHost;
const asked = (name: string): readonly unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);

beforeEach(() => {
  locale.set('en');
  last.folder = '';
});
afterEach(() => {
  cleanup();
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

describe('an export to Git', () => {
  it('shows what it would commit, and commits just that with the message as it was edited', async () => {
    host = fixtureHost({ gitPlan: plan, gitCommit: { commit: '0123456789abcdef', branch: 'main', files: ['prod/virtualservice-reviews.yaml'] } });
    connect(host);
    const onclose = vi.fn();
    render(GitDialog, { session: 's', objects: [object], onclose });
    await fireEvent.input(screen.getByLabelText('Folder of a local checkout'), { target: { value: ' /home/me/shop ' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Show what it would commit' }));
    await screen.findByText('on main', { exact: false });
    expect(screen.getByText('1 object is there as it is')).toBeTruthy();
    await expectAccessible();
    await fireEvent.input(screen.getByLabelText('Message'), { target: { value: 'route reviews' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Commit' }));
    await vi.waitFor(() => expect(onclose).toHaveBeenCalledOnce());
    expect(asked('git_commit')).toEqual([{ session: 's', folder: '/home/me/shop', objects: [object], message: 'route reviews', token: '7' }]);
    expect(toasts.shown[0]?.title).toBe('Committed 0123456789');
  });

  it('says why it was refused, and is tried again from the start', async () => {
    const fault = { code: 'refused' as const, message: 'routes.yaml: it has changes that are not committed', zh: '', hint: '', hintZh: '', about: null };
    host = fixtureHost({ gitPlan: plan, gitCommit: () => Promise.reject(fault) });
    connect(host);
    last.folder = '/home/me/shop';
    render(GitDialog, { session: 's', objects: [], onclose: () => undefined });
    await fireEvent.click(screen.getByRole('button', { name: 'Show what it would commit' }));
    await fireEvent.click(await screen.findByRole('button', { name: 'Commit' }));
    await screen.findByText(fault.message);
    expect(screen.getByRole('button', { name: 'Show what it would commit' })).toBeTruthy();
  });
});

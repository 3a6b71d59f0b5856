import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { locale } from '../../state/locale.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { SavePlan } from '../../wire/generated/types';
import { expectAccessible } from '../axe';
import { last } from './last-path.svelte';
import SaveDialog from './SaveDialog.svelte';

const plan = (text: string, token: string): SavePlan => ({ root: '/home/me', files: [{ path: 'routes.yaml', isNew: false, isGone: false, diff: [{ side: 'after', line: 1, text }] }], same: 1, token });
let host: FixtureHost;
const asked = (name: string): readonly unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);

beforeEach(() => {
  locale.set('en');
  last.path = '';
});
afterEach(() => {
  cleanup();
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

describe('saving back to a file', () => {
  it('shows what it would write, and writes just that', async () => {
    host = fixtureHost({ savePlan: plan('weight: 80', '7'), saveFiles: { files: ['routes.yaml'] } });
    connect(host);
    const onclose = vi.fn();
    render(SaveDialog, { session: 's', objects: [], onclose });
    await fireEvent.input(screen.getByLabelText('File or folder'), { target: { value: ' /home/me/routes.yaml ' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Show what it would write' }));
    await screen.findByText('weight: 80');
    await expectAccessible();
    await fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    await vi.waitFor(() => expect(onclose).toHaveBeenCalledOnce());
    expect(asked('save_files')).toEqual([{ session: 's', path: '/home/me/routes.yaml', objects: [], token: '7' }]);
    expect(toasts.shown[0]?.title).toBe('1 file saved');
  });

  it('shows the file as it is by now where somebody wrote it meanwhile, and writes nothing over it', async () => {
    const plans = [plan('weight: 80', '7'), plan('# theirs', '8')];
    const fault = { code: 'conflict' as const, message: 'what was shown is no longer what would be written', zh: '', hint: '', hintZh: '', about: null };
    host = fixtureHost({ savePlan: () => plans.shift() ?? plan('', '9'), saveFiles: () => Promise.reject(fault) });
    connect(host);
    last.path = '/home/me/routes.yaml';
    const onclose = vi.fn();
    render(SaveDialog, { session: 's', objects: [], onclose });
    await fireEvent.click(screen.getByRole('button', { name: 'Show what it would write' }));
    await fireEvent.click(await screen.findByRole('button', { name: 'Save' }));
    await screen.findByText(/^A file was changed on disk since this was shown/);
    await screen.findByText('# theirs');
    expect(onclose).not.toHaveBeenCalled();
  });
});

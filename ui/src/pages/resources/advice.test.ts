import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost, type Answers, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { toasts } from '../../state/toasts.svelte';
import { connect } from '../../wire/client';
import type { ResourceRow, SidecarScope } from '../../wire/generated/types';
import Resources from './Resources.svelte';

const MI = 1024 * 1024;
const none = { cpu: null, memory: null };
const row = (workload: string, change: Partial<ResourceRow> = {}): ResourceRow => ({ namespace: 'prod', workload, mesh: 'Istio', role: 'sidecar', proxies: 2, used: { cpu: 40, memory: 120 * MI }, requested: { cpu: 200, memory: 256 * MI }, limited: { cpu: 400, memory: 512 * MI }, app: { cpu: 400, memory: 1200 * MI }, advice: null, adviceIn: null, saving: none, ...change });
const advised = row('cart-v1', {
  advice: { to: { cpuRequest: 30, cpuLimit: 150, memoryRequest: 64 * MI, memoryLimit: 100 * MI }, cpuP95: 21, memoryMost: 60 * MI, source: 'sampled', seen: 3600, place: 'annotations', written: 'sidecar.istio.io/proxyCPU: 30m\n' },
  saving: { cpu: 140, memory: 128 * MI },
});
const scope: SidecarScope = { namespace: 'prod', has: null, clusters: 84, bytes: 1.2 * MI, predicted: 0.3 * MI, hosts: ['./*', 'shared/ratings'], measured: true, counted: 5400, enough: 600, before: null };
const draft = { revision: 2, items: [], says: [], canUndo: true };

let host: FixtureHost;
const asked = (name: string): unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);

/** The page, with a workload opened. Each has a session of its own: answers are shared by what was asked. */
async function open(workload: string, answers: Answers = {}): Promise<HTMLElement> {
  host = fixtureHost({ resources: { rows: [advised, row('web-v1'), row('new-v1', { adviceIn: 600 })], seen: 3600, kept: null, unknown: [] }, resourceHistory: { samples: [], fromPrometheus: 0, unknown: [] }, sidecarScope: scope, ...answers });
  connect(host);
  session.id = `resources ${workload} ${Object.keys(answers).join()}`;
  route.go('resources', { workload: `prod/${workload}` });
  render(Resources);
  return screen.findByRole('complementary', { name: workload });
}

beforeEach(() => locale.set('en'));
afterEach(() => {
  cleanup();
  session.id = null;
  toasts.shown.forEach(({ id }) => toasts.dismiss(id));
});

it('puts the sizes that would fit into the tray, once they were read', async () => {
  const panel = await open('cart-v1', { resourceAdvise: draft });
  within(panel).getByText('sidecar.istio.io/proxyCPU: 30m');
  expect(within(panel).getAllByRole('row').map((one) => [...one.children].map(({ textContent }) => textContent))).toEqual([
    ['', 'now', 'better'],
    ['CPU request', '100m', '30m'],
    ['CPU limit', '200m', '150m'],
    ['Memory request', '128 Mi', '64 Mi'],
    ['Memory limit', '256 Mi', '100 Mi'],
  ]);
  await expectAccessible();
  expect(asked('resource_advise')).toEqual([]);
  await fireEvent.click(within(panel).getByRole('button', { name: 'Put it into the tray' }));
  await waitFor(() => expect(toasts.shown.map(({ title }) => title)).toEqual(['In the tray']));
  expect(asked('resource_advise')).toEqual([{ session: session.id, namespace: 'prod', workload: 'cart-v1' }]);
  expect(asked('sidecar_scope_put')).toEqual([]);
});

it('says why the sizes could not be put there, and can be pressed again', async () => {
  const panel = await open('cart-v1', { resourceAdvise: () => Promise.reject({ code: 'forbidden', message: 'you may not read Deployment cart-v1', hint: '', about: null }) });
  const put = within(panel).getByRole('button', { name: 'Put it into the tray' });
  await fireEvent.click(put);
  await waitFor(() => expect(toasts.shown.map(({ title }) => title)).toEqual(['you may not read Deployment cart-v1']));
  await waitFor(() => expect(put.getAttribute('aria-disabled')).toBeNull());
});

it('offers no sizes where those that are there fit, or too little was seen', async () => {
  within(await open('web-v1')).getByText('What it has fits what it uses.');
  expect(screen.queryByRole('button', { name: 'Put it into the tray' })).toBeNull();
  cleanup();
  within(await open('new-v1')).getByText('Too little was seen yet: advice comes in 10 min.');
  expect(screen.queryByRole('button', { name: 'Put it into the tray' })).toBeNull();
});

it('puts a Sidecar of what was seen to be called into the tray', async () => {
  const panel = await open('web-v1', { sidecarScopePut: draft });
  await within(panel).findByText('shared/ratings');
  within(panel).getByText('Some 307 Ki of configuration would be left.');
  await fireEvent.click(within(panel).getByRole('button', { name: 'Put a Sidecar into the tray' }));
  await waitFor(() => expect(toasts.shown.map(({ title }) => title)).toEqual(['In the tray']));
  expect(asked('sidecar_scope_put')).toEqual([{ session: session.id, namespace: 'prod' }]);
  locale.set('zh');
  await within(panel).findByRole('button', { name: '把 Sidecar 放入待办栏' });
});

it('offers no Sidecar where one is there, or no calls were measured', async () => {
  const has = { group: 'networking.istio.io', kind: 'Sidecar', namespace: 'prod', name: 'default' };
  const panel = await open('web-v1', { sidecarScope: { ...scope, has, before: { clusters: 84, bytes: 1.2 * MI, predicted: 0.3 * MI }, clusters: 20, bytes: 0.4 * MI } });
  await within(panel).findByRole('link', { name: /default/ });
  expect(within(panel).getByRole('status').textContent).toContain('To be saved were 922 Ki, measured are 819 Ki.');
  expect(screen.queryByRole('button', { name: /Sidecar/ })).toBeNull();
  cleanup();
  await open('cart-v1', { sidecarScope: { ...scope, measured: false, counted: 180 } });
  await screen.findByText(/^Calls were counted for 3 min so far. After 10 min a Sidecar is proposed/);
  expect(screen.queryByRole('button', { name: /Sidecar/ })).toBeNull();
});

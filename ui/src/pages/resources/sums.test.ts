import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { connect } from '../../wire/client';
import type { ResourceRow, ResourceSample, ServerCost } from '../../wire/generated/types';
import Resources from './Resources.svelte';

const none = { cpu: null, memory: null };
const row = (namespace: string, workload: string): ResourceRow => ({ namespace, workload, mesh: namespace === 'dev' ? 'Linkerd' : 'Istio', role: 'sidecar', proxies: 2, used: { cpu: 40, memory: 100 }, requested: none, limited: none, app: none, advice: null, adviceIn: 600, saving: none });
const sample = (at: number, unknown: number): ResourceSample => ({ at, cpu: 40, cpuPeak: 30, memory: 100, memoryPeak: 60, unknown });
const cost: ServerCost = { server: 'demo', minute: [{ sort: 'api', asked: 7, bytes: 2048, waited: 0.4 }], asked: 9, bytes: 4096, openedAt: 0 };

let host: FixtureHost;
const histories = (): unknown[] => host.asked.filter((one) => one.name === 'resource_history').map(({ args }) => args);

beforeEach(() => {
  locale.set('en');
  host = fixtureHost({ resources: { rows: [row('prod', 'cart-v1'), row('prod', 'web-v1'), row('dev', 'cart-v1')], seen: 60, kept: null, unknown: [] }, resourceHistory: { samples: [sample(0, 0), sample(15_000, 3)], fromPrometheus: 0, unknown: [] }, cost });
  connect(host);
});
afterEach(() => {
  cleanup();
  session.id = null;
});

it('shows what a namespace and the whole mesh used over time, and at how many moments that lacks proxies', async () => {
  session.id = 'sums';
  route.go('resources', { level: 'namespace' });
  render(Resources);
  await fireEvent.click(await screen.findByText('prod'));
  await screen.findByRole('complementary', { name: 'prod' });
  expect(screen.getByRole('complementary').textContent).toContain('4 proxies');
  await screen.findByText(/^At 1 of 2 moments, .* up to 3:/);
  await expectAccessible();
  await fireEvent.click(screen.getByRole('button', { name: 'Show its workloads' }));
  expect(route.params).toMatchObject({ q: 'prod' });
  await fireEvent.click(screen.getByRole('button', { name: 'Whole mesh over time' }));
  const whole = within(await screen.findByRole('complementary', { name: 'The whole mesh' }));
  expect(whole.getAllByRole('heading', { level: 2 }).map((head) => head.textContent.trim())).toEqual(['The whole mesh', 'Istio 4 proxies', 'Linkerd 2 proxies']);
  await waitFor(() => expect(histories()).toEqual([
    { session: 'sums', namespace: 'prod', workload: '' },
    { session: 'sums', namespace: '', workload: 'Istio' },
    { session: 'sums', namespace: '', workload: 'Linkerd' },
  ]));
});

it('says below what looking costs', async () => {
  session.id = 'costs';
  route.go('resources', {});
  render(Resources);
  await screen.findByText('Netloft asked demo 7 times in the last minute: 2 Ki read, 0.4 s of waiting');
});

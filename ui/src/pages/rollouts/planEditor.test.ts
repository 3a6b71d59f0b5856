import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { shop } from '../../host/fixtures/shop';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import type { ObjectRef, RolloutArgs, RolloutLease, RolloutPlan, RolloutRoute } from '../../wire/generated/types';
import Leases from './Leases.svelte';
import PlanEditor from './PlanEditor.svelte';

const httpRoute: ObjectRef = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'edge', name: 'visitors' };
const written: ObjectRef = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'shop', name: 'reviews' };

afterEach(cleanup);

function planned(routes: RolloutRoute[]): FixtureHost {
  const host = fixtureHost({ ...shop, rolloutRoutes: routes, rolloutCheck: { problem: '', obstacles: [], yaml: 'name: reviews' }, foreignRollouts: { controllers: [], rollouts: [], unknown: [] } });
  connect(host);
  render(PlanEditor, { session: `p${String(routes.length)}`, service: 'shop/reviews' });
  return host;
}
const last = (host: FixtureHost): RolloutPlan | undefined => (host.asked.filter(({ name }) => name === 'rollout_check').at(-1)?.args as RolloutArgs | undefined)?.plan;
const box = (name: string): HTMLInputElement => screen.getByRole('combobox', { name });

it('offers the Services of an HTTPRoute, also one that gets nothing yet, and says at which gateway it decides', async () => {
  const versions = [{ name: 'reviews-v1', share: 1 }, { name: 'reviews-v3', share: 0 }];
  const host = planned([{ object: httpRoute, within: false, gateways: ['edge/public'], versions }]);
  await waitFor(() => expect(last(host)).toMatchObject({ kind: 'HTTPRoute', route: 'visitors', routeNamespace: 'edge', stable: 'reviews-v1', canary: 'reviews-v3' }));
  expect(screen.getByText('at the gateway edge/public')).toBeTruthy();
  await fireEvent.focus(box('New version'));
  await fireEvent.click(box('New version'));
  const offered = (await screen.findAllByRole('option')).map((option) => option.textContent.trim());
  expect(offered).toEqual(['reviews-v3']);
});

it('takes the route that decides in the mesh first, and another that is chosen with its own versions', async () => {
  const host = planned([
    { object: written, within: true, gateways: [], versions: [{ name: 'v2', share: 0.9 }, { name: 'v1', share: 0.1 }] },
    { object: httpRoute, within: true, gateways: ['edge/public'], versions: [{ name: 'reviews-v1', share: 1 }, { name: 'reviews-v3', share: 0 }] },
  ]);
  await waitFor(() => expect(last(host)).toMatchObject({ kind: 'VirtualService', route: 'reviews', stable: 'v2', canary: 'v1' }));
  // It begins above what the new version has.
  expect(last(host)?.steps[0]?.weight).toBe(25);
  await fireEvent.focus(box('Route'));
  await fireEvent.click(box('Route'));
  await fireEvent.mouseDown(await screen.findByRole('option', { name: /visitors/ }));
  await fireEvent.click(screen.getByRole('option', { name: /visitors/ }));
  await waitFor(() => expect(last(host)).toMatchObject({ kind: 'HTTPRoute', routeNamespace: 'edge', stable: 'reviews-v1', canary: 'reviews-v3' }));
  expect(screen.getByText('in the mesh and at the gateway edge/public')).toBeTruthy();
});

it('says that a service without a route has none', async () => {
  planned([]);
  await screen.findByText(/has no route yet/);
});

it('shows who drives elsewhere, and the way back of one whose program is gone', async () => {
  const lease = (name: string, back: string | null): RolloutLease => ({
    object: { ...written, name }, plan: `${name} v3`, by: 'ana@laptop', until: 0, hasRunOut: back !== null, back,
    said: { because: `ana@laptop drives “${name} v3” here; then it returns to v1`, zh: 'ana@laptop 正在此驱动' },
  });
  const proposal = { object: written, before: 'weight: 50', after: 'weight: 0', base: '7', diff: [{ side: 'after' as const, line: 1, text: 'weight: 0' }] };
  const host = fixtureHost({ rolloutLeases: [lease('reviews', 'v1'), lease('ratings', null)], rolloutWayBack: proposal, draftPut: { revision: 1, items: [], says: [], canUndo: true } });
  connect(host);
  render(Leases, { session: 'l' });
  await screen.findByText(/drives “ratings v3” here; then it returns to v1/);
  expect([screen.getByText('abandoned'), screen.getByText('driven')]).toHaveLength(2);
  expect(screen.getAllByRole('button')).toHaveLength(1);
  await expectAccessible();
  await fireEvent.click(screen.getByRole('button', { name: 'Return to v1' }));
  const dialog = await screen.findByRole('dialog', { name: 'Everything back to v1' });
  expect(host.asked.find(({ name }) => name === 'rollout_way_back')?.args).toEqual({ session: 'l', object: written });
  await within(dialog).findByText('weight: 0', { exact: false });
  await fireEvent.click(within(dialog).getByRole('button', { name: 'Put into the tray' }));
  await waitFor(() => expect(host.asked.find(({ name }) => name === 'draft_put')?.args).toEqual({ session: 'l', yaml: 'weight: 0', base: '7' }));
  await waitFor(() => expect(route.page).toBe('review'));
});

import { cleanup, render, screen } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import type { Entry, Review, ReviewItem, Uptake } from '../../wire/generated/types';
import ReviewBody from './ReviewBody.svelte';
import UptakeView from './UptakeView.svelte';

const object = (kind: string): ReviewItem['object'] => ({ group: 'networking.istio.io', kind, namespace: 'prod', name: 'reviews' });
const item = (kind: string, more: Partial<ReviewItem> = {}): ReviewItem => ({ object: object(kind), change: 'update', accepted: true, conflicts: [], problems: [], fields: [], owner: '', diff: [{ side: 'after', before: null, after: 1, text: `# ${kind}` }], liveVersion: '7', ...more }) as ReviewItem;
const review = (items: readonly ReviewItem[], canApply = true): Review => ({ token: 't', items, canApply, because: '', production: false, says: [], unknown: [], findingsAdded: [], findingsRemoved: [], requestsObserved: 1, requestsProbed: 0 }) as unknown as Review;
const nothing = (): void => undefined;

beforeEach(() => locale.set('en'));
afterEach(cleanup);

it('shows first what needs a decision, and asks why above the objects', () => {
  const conflict = { manager: 'argocd-controller', field: 'spec.http' };
  const above = createRawSnippet(() => ({ render: () => '<p>Why</p>' }));
  render(ReviewBody, { review: review([item('DestinationRule'), item('VirtualService', { conflicts: [conflict] } as Partial<ReviewItem>)]), taken: new Set<string>(), ontake: nothing, above });
  expect(screen.getByRole('button', { name: /VirtualService/ }).getAttribute('aria-pressed')).toBe('true');
  screen.getByText('spec.http is also owned by argocd-controller');
  expect(screen.getByText('Why').compareDocumentPosition(screen.getByRole('button', { name: /DestinationRule/ }))).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
});

it('shows no change of an object that cannot go back: it stays as it is', () => {
  const problems = [{ line: 1, message: 'somebody changed the same fields since: spec.http', error: true }];
  render(ReviewBody, { review: review([item('VirtualService', { accepted: false, problems } as Partial<ReviewItem>)], false), taken: new Set<string>(), ontake: nothing, undoing: true });
  screen.getByText('It cannot go back by itself');
  screen.getByText(/prod · stays/);
  expect(screen.queryByText('# VirtualService')).toBeNull();
});

it('says of a proxy that has not taken a change up why, leads to it, and is done when nothing more will change', async () => {
  const row = (pod: string, state: Uptake['rows'][number]['state']): Uptake['rows'][number] => ({ namespace: 'prod', pod, workload: pod, state, because: '', force: state === 'acknowledged' ? 'in-force' : 'not-yet', drains: 0 });
  const entry = { row: { entry: 1, state: 'applied', undoes: null }, items: [], says: [], uptake: [] } as unknown as Entry;
  const uptake: Uptake = { entry: 1, total: 3, acknowledged: 1, rejected: 0, draining: 0, inForce: 1, rows: [row('a-1', 'acknowledged'), row('b-1', 'unknown'), row('c-1', 'sent')], unknown: [], settled: true, tookMillis: null };
  connect(fixtureHost({ entry, uptake }));
  render(UptakeView, { session: 'uptake-1', entry: 1 });
  await screen.findByText('The control plane says nothing of it: it is not connected to any that was asked.');
  screen.getByText('It has not answered: until it does, it goes by what it had before.');
  expect(screen.getAllByText('taken up by 1 of 3 proxies').length).toBeGreaterThan(0);
  await expectAccessible();
  screen.getByRole('button', { name: 'b-1' }).click();
  expect([route.page, route.params['proxy']]).toEqual(['proxy', 'prod/b-1']);
});

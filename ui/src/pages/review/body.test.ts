import { cleanup, render, screen } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { locale } from '../../state/locale.svelte';
import type { Review, ReviewItem } from '../../wire/generated/types';
import ReviewBody from './ReviewBody.svelte';

const object = (kind: string): ReviewItem['object'] => ({ group: 'networking.istio.io', kind, namespace: 'prod', name: 'reviews' });
const item = (kind: string, more: Partial<ReviewItem> = {}): ReviewItem => ({ object: object(kind), change: 'update', accepted: true, conflicts: [], disputes: [], lapse: '', lapseZh: '', problems: [], fields: [], owner: '', diff: [{ side: 'after', before: null, after: 1, text: `# ${kind}` }], liveVersion: '7', ...more }) as ReviewItem;
const review = (items: readonly ReviewItem[], canApply = true): Review => ({ token: 't', items, canApply, because: '', zh: '', production: false, leftOut: [], says: [], unknown: [], findingsAdded: [], findingsRemoved: [], requestsObserved: 1, requestsProbed: 0 }) as unknown as Review;
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
  const problems = [{ line: 1, message: 'the journal keeps no secrets', zh: '', error: true }];
  render(ReviewBody, { review: review([item('VirtualService', { accepted: false, problems } as Partial<ReviewItem>)], false), taken: new Set<string>(), ontake: nothing, undo: { choose: nothing, leaveOut: nothing } });
  screen.getByText('It cannot go back by itself');
  screen.getByText(/prod · stays/);
  expect(screen.queryByText('# VirtualService')).toBeNull();
});

it('tells the moment between two writes that no order of them avoids', () => {
  const items = [item('DestinationRule', { lapse: 'cart → reviews: 10 % nowhere to go', lapseZh: 'cart → reviews：10 % 无处可去' } as Partial<ReviewItem>), item('VirtualService')];
  render(ReviewBody, { review: review(items), taken: new Set<string>(), ontake: nothing });
  screen.getByText('cart → reviews: 10 % nowhere to go');
  screen.getByText(/Two changes do/);
  expect(screen.queryByText('What the API server says')).toBeNull();
});

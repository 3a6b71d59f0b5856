import { cleanup, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectAccessible } from '../../../lib/axe';
import { locale } from '../../../state/locale.svelte';
import type { CallerRow, MatrixRequest } from '../../../wire/generated/types';
import Callers from './Callers.svelte';

const policy = { group: 'security.istio.io', kind: 'AuthorizationPolicy', namespace: 'prod', name: 'payments' };
const request = (method: string, path: string, outcome: MatrixRequest['outcome']): MatrixRequest => ({ asked: { method, path, headers: [] }, outcome, secured: 'mtls', because: '', zh: '', object: policy, path: 'spec.rules[0]', lost: [] });
const row = (workload: string, more: Partial<CallerRow>): CallerRow => ({ namespace: 'prod', workload, allowed: true, lost: [], requests: [], secured: 'mtls', because: 'a rule lets it in', zh: '有规则放行', object: policy, path: '', requestsPerSecond: 0, ...more });

beforeEach(() => locale.set('en'));
afterEach(cleanup);

it('says of each caller what the matrix says: allowed, refused, or for some requests only', async () => {
  const some = row('checkout', { allowed: false, requests: [request('GET', '/', 'denied'), request('POST', '/charge', 'forwarded')] });
  const told = row('admin', { allowed: false, because: 'no rule lets it in', requests: [request('GET', '/', 'denied'), request('POST', '/charge', 'refused')] });
  render(Callers, { callers: [row('orders', {}), some, told], node: 'service:prod/payments', ondraw: () => undefined });
  const lines = screen.getAllByRole('listitem');
  const mark = (at: number): string | null => within(lines[at] as HTMLElement).getByRole('img').getAttribute('aria-label');
  expect([mark(0), mark(1), mark(2)]).toEqual(['allowed', 'allowed in part: not every request, or not at every workload', 'denied']);
  const text = lines[1]?.textContent.replace(/\s+/g, ' ').trim();
  expect(text).toMatch(/GET \/ denied ?POST \/charge allowed/);
  within(lines[2] as HTMLElement).getByText('no rule lets it in');
  await expectAccessible();
});

it('says of a caller whom one version of two refuses which version, how much of it, and by which policy', async () => {
  const lost = [{ share: 0.5, outcome: 'denied' as const, status: 403, workloads: ['reviews-v3'], because: 'rule 1 denies it', zh: '第 1 条规则拒绝它', object: policy, path: 'spec.rules[0]' }];
  render(Callers, { callers: [row('orders', { lost })], node: 'service:prod/reviews', ondraw: () => undefined });
  screen.getByRole('img', { name: 'allowed in part: not every request, or not at every workload' });
  const [line] = within(screen.getByRole('list', { name: 'What does not arrive' })).getAllByRole('listitem');
  expect(line?.textContent.replace(/\s+/g, ' ').trim()).toBe('50 % at reviews-v3: Denied (403) rule 1 denies it AuthorizationPolicy payments');
  await expectAccessible();
});

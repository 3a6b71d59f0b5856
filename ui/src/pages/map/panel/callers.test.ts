import { cleanup, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectAccessible } from '../../../lib/axe';
import { locale } from '../../../state/locale.svelte';
import type { CallerRow, MatrixRequest } from '../../../wire/generated/types';
import Callers from './Callers.svelte';

const policy = { group: 'security.istio.io', kind: 'AuthorizationPolicy', namespace: 'prod', name: 'payments' };
const request = (method: string, path: string, outcome: MatrixRequest['outcome']): MatrixRequest => ({ asked: { method, path, headers: [] }, outcome, secured: 'mtls', because: '', zh: '', object: policy, path: 'spec.rules[0]' });
const row = (workload: string, more: Partial<CallerRow>): CallerRow => ({ namespace: 'prod', workload, allowed: true, requests: [], secured: 'mtls', because: 'a rule lets it in', zh: '有规则放行', object: policy, path: '', requestsPerSecond: 0, ...more });

beforeEach(() => locale.set('en'));
afterEach(cleanup);

it('says of each caller what the matrix says: allowed, refused, or for some requests only', async () => {
  const some = row('checkout', { allowed: false, requests: [request('GET', '/', 'denied'), request('POST', '/charge', 'forwarded')] });
  const told = row('admin', { allowed: false, because: 'no rule lets it in', requests: [request('GET', '/', 'denied'), request('POST', '/charge', 'refused')] });
  render(Callers, { callers: [row('orders', {}), some, told], node: 'service:prod/payments', ondraw: () => undefined });
  const lines = screen.getAllByRole('listitem');
  const mark = (at: number): string | null => within(lines[at] as HTMLElement).getByRole('img').getAttribute('aria-label');
  expect([mark(0), mark(1), mark(2)]).toEqual(['allowed', 'some requests allowed, others not', 'denied']);
  const text = lines[1]?.textContent.replace(/\s+/g, ' ').trim();
  expect(text).toMatch(/GET \/ denied ?POST \/charge allowed/);
  within(lines[2] as HTMLElement).getByText('no rule lets it in');
  await expectAccessible();
});

import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { fixtureHost } from '../host/fixture';
import { expectAccessible } from '../lib/axe';
import { locale } from '../state/locale.svelte';
import { connect } from '../wire/client';
import type { Prometheus } from '../wire/generated/types';
import PrometheusSettings from './PrometheusSettings.svelte';

const chosen: Prometheus['chosen'] = { which: 'found', namespace: '', name: '', port: 0, url: '', authority: '', hasToken: false, only: '', tenant: '' };
const place = { kind: 'prometheus', namespace: 'monitoring', name: 'prometheus-k8s', port: 9090 } as const;
const standing: Prometheus = { chosen, found: [place], asked: 'Service monitoring/prometheus-k8s:9090', kind: 'prometheus', state: 'usable', because: '', zh: '', version: '2.42.0', age: 12, containers: { ours: 7, others: 2 }, requests: { ours: 0, others: 0 } };

function show(prometheus: Prometheus) {
  const host = fixtureHost({ prometheus, prometheusChoose: { fleeting: { because: '', zh: '' } } });
  connect(host);
  locale.set('en');
  render(PrometheusSettings, { session: 's-1', cluster: 'prod-eu' });
  return host;
}
const asked = (host: ReturnType<typeof fixtureHost>) => host.asked.filter(({ name }) => name === 'prometheus_choose').map(({ args }) => args);

afterEach(cleanup);

it('says which one is asked and what it has, and what it has not', async () => {
  show(standing);
  const status = await screen.findByRole('status');
  for (const part of ['In use', 'monitoring/prometheus-k8s:9090', 'newest sample 12 s old', 'use of 7 proxies', 'no istio_requests_total', '2 things of its series are not in this cluster']) {
    expect(status.textContent).toContain(part);
  }
  await expectAccessible();
});

it('says why one is not to be relied on, in the language of the user', async () => {
  show({ ...standing, state: 'unusable', because: 'its newest sample is 58 min old', zh: '', version: '', age: null, containers: null, requests: null });
  expect((await screen.findByRole('status')).textContent).toContain('Not to be relied on Service monitoring/prometheus-k8s:9090 · its newest sample is 58 min old');
  locale.set('zh');
  await screen.findByRole('region', { name: 'prod-eu 的 Prometheus' });
});

it('takes an address with its token, and forgets the token', async () => {
  const host = show({ ...standing, chosen: { ...chosen, which: 'address', url: 'https://a.example', hasToken: true } });
  const url = await screen.findByLabelText('Address');
  await fireEvent.input(url, { target: { value: 'https://b.example/prom' } });
  const token = screen.getByLabelText<HTMLInputElement>('Token');
  await fireEvent.input(token, { target: { value: 'canary' } });
  await fireEvent.input(screen.getByLabelText('Only series with'), { target: { value: 'cluster="west"' } });
  await fireEvent.click(screen.getByRole('button', { name: 'Use it' }));
  await waitFor(() => expect(asked(host)).toEqual([{ session: 's-1', choice: { ...chosen, which: 'address', url: 'https://b.example/prom', hasToken: true, only: 'cluster="west"' }, token: 'canary' }]));
  await waitFor(() => expect(token.value).toBe(''));
});

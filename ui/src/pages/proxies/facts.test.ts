import { describe, expect, it } from 'vitest';
import { rows } from '../../host/fixtures/proxies';
import type { ProxyRow } from '../../wire/generated/types';
import { account, answers, staleSince } from './facts';
import { isOverXds } from './fleet';

const [well] = rows.filter((row) => row.sync === 'synced' && row.certificate !== null);
const one = (change: Partial<ProxyRow>): ProxyRow => ({ ...(well as ProxyRow), ...change });
const mute = { sync: 'unknown', certificate: null, size: null } as const;

describe('which proxies answered', () => {
  it.each<[string, Partial<ProxyRow>, { answered: number; silent: number }]>([
    ['all is known', {}, { answered: 1, silent: 0 }],
    ['it answered and lacks a fact', { version: '', unknown: [{ about: 'version-skew', aboutZh: '', because: 'its version is not known', zh: '' }] }, { answered: 1, silent: 0 }],
    ['its control plane alone told of it', { certificate: null, size: null }, { answered: 1, silent: 0 }],
    ['it alone told of itself', { sync: 'unknown' }, { answered: 1, silent: 0 }],
    ['nobody told anything', { ...mute, unknown: [{ about: 'certificate and configuration', aboutZh: '', because: 'you may not', zh: '' }] }, { answered: 0, silent: 1 }],
    ['it has no xDS and was not asked', { ...mute, sync: 'no-xds' }, { answered: 0, silent: 1 }],
    ['it has no xDS and told of its certificate', { sync: 'no-xds', size: null }, { answered: 1, silent: 0 }],
    ['it does not run', { ...mute, presence: 'dead' }, { answered: 0, silent: 0 }],
  ])('%s', (_, change, expected) => {
    expect(answers([one(change)])).toEqual(expected);
  });
});

it('knows whose state was asked for over xDS', () => {
  const planes = [
    { name: 'istio-system/a', version: '', answered: true, overXds: true },
    { name: 'istio-system/b', version: '', answered: true, overXds: false },
  ];
  const over = (controlPlane: string): boolean => isOverXds(planes, one({ controlPlane }));
  expect(['istio-system/a', 'istio-system/b', ''].map(over)).toEqual([true, false, false]);
});

it('names the account of an identity, and leaves another identity whole', () => {
  expect(account('spiffe://cluster.local/ns/prod/sa/reviews')).toBe('prod/reviews');
  expect(account('points.loyalty.serviceaccount.identity.linkerd.cluster.local')).toBe('loyalty/points');
  expect(account('spiffe://example.org/host/vm-1')).toBe('example.org/host/vm-1');
});

it('knows since when a proxy is behind: from the oldest that it has not acknowledged', () => {
  const type = (name: string, state: ProxyRow['sync'], sentAt: number | null): ProxyRow['types'][number] => ({ name, state, sentAt, nack: '' });
  const since = (...types: ProxyRow['types']): number | null => staleSince(one({ types }));
  expect(since(type('CDS', 'stale', 30), type('LDS', 'stale', 20), type('EDS', 'synced', 10))).toBe(20);
  expect(since(type('CDS', 'stale', null))).toBeNull();
  expect(since(type('CDS', 'error', 30))).toBeNull();
});

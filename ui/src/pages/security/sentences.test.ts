import { describe, expect, it } from 'vitest';
import { readAuthorization, readPeerPolicy } from '../../meshes/istio/policy';
import { locale } from '../../state/locale.svelte';
import { authorizationSentences, peerSentences, targetWord } from './sentences';

locale.set('en');
const says = (spec: unknown): string[] => authorizationSentences(readAuthorization({ spec }), 'reviews');

describe('what an AuthorizationPolicy says', () => {
  it.each([
    [
      { rules: [{ from: [{ source: { principals: ['cluster.local/ns/shop/sa/productpage'] } }], to: [{ operation: { methods: ['GET'], paths: ['/reviews/*'] } }] }] },
      ['Only shop/productpage may GET /reviews/* on reviews'],
    ],
    [
      { action: 'DENY', rules: [{ from: [{ source: { notNamespaces: ['shop'] } }] }] },
      ['Callers outside shop may not call anything on reviews'],
    ],
    [
      { rules: [{ to: [{ operation: { paths: ['/health'] } }] }] },
      ['Everybody may call /health'],
    ],
    [
      {
        rules: [
          { from: [{ source: { namespaces: ['shop'] } }, { source: { ipBlocks: ['10.0.0.0/8'] } }], to: [{ operation: { ports: ['9080'] } }] },
          { from: [{ source: { serviceAccounts: ['legacy/batch'] } }], when: [{ key: 'request.headers[x-job]', values: ['nightly'] }] },
        ],
      },
      [
        'Only callers in shop or callers at 10.0.0.0/8 may call port 9080 on reviews',
        'legacy/batch may call anything when request.headers[x-job] is one of nightly',
      ],
    ],
    [{}, ['Nobody may call reviews: an ALLOW policy without rules lets nothing through.']],
    [{ rules: [{}] }, ['Everybody may call reviews.']],
  ])('%j', (spec, sentences) => {
    expect(says(spec)).toEqual(sentences);
  });
});

it('says what a PeerAuthentication takes', () => {
  const policy = readPeerPolicy({ spec: { mtls: { mode: 'STRICT' }, portLevelMtls: { 8080: { mode: 'DISABLE' } } } });
  expect(peerSentences(policy, 'shop', 'namespace')).toEqual([
    'All of shop take mutual TLS only. Callers without a proxy are refused.',
    'Port 8080: DISABLE.',
  ]);
});

it('names what it is about', () => {
  expect(targetWord([{ key: 'app', value: 'reviews', pointer: '' }], 'shop', 'workload')).toBe('reviews');
  expect(targetWord([], 'istio-system', 'mesh')).toBe('the whole mesh');
});

import { describe, expect, it } from 'vitest';
import { fieldHelp } from '../../meshes/istio/field-help';
import { locale } from '../../state/locale.svelte';
import type { SchemaField } from '../../wire/generated/types';
import { authorsOf } from './live';
import { fieldAt } from './fields';

const field = (path: string, type = 'string'): SchemaField => ({ path, type, allowed: [], default: '', required: false, minimum: null, maximum: null, choices: [], named: false, help: '' });
const FIELDS = [
  field('spec', 'object'),
  field('spec.http', 'array'),
  field('spec.http[]', 'object'),
  field('spec.http[].route', 'array'),
  field('spec.http[].route[]', 'object'),
  field('spec.http[].route[].weight', 'integer'),
  field('spec.http[].match', 'array'),
  field('spec.http[].match[]', 'object'),
  field('spec.http[].match[].headers', 'map'),
  field('spec.http[].match[].headers.*', 'object'),
  field('spec.http[].match[].headers.*.exact'),
];

describe('a field of the schema', () => {
  it.each([
    ['/spec/http/0/route/1/weight', 'spec.http[].route[].weight', true],
    ['/spec/http/2', 'spec.http[]', true],
    ['/spec/http/0/match/0/headers/end-user/exact', 'spec.http[].match[].headers.*.exact', true],
    ['/spec/novel', 'spec.novel', false],
  ])('%s is %s', (pointer, path, known) => {
    const found = fieldAt(FIELDS, pointer);
    expect([found.path, found.field !== null]).toEqual([path, known]);
  });
});

it('is explained in the language of the window', () => {
  locale.set('zh');
  expect(fieldHelp('PeerAuthentication', 'spec.mtls')).toMatch(/[\u4e00-\u9fff]/);
  locale.set('en');
  expect(fieldHelp('PeerAuthentication', 'spec.mtls')).toMatch(/mutual TLS/);
  expect(fieldHelp('PeerAuthentication', 'spec.novel')).toBe('');
});

it('names who owns what changed', () => {
  const managers = [
    { name: 'argocd-controller', operation: 'Apply', fields: ['spec.http'] },
    { name: 'kubectl', operation: 'Update', fields: ['metadata.annotations[a.b/c]'] },
  ];
  const changed = (path: string): { path: string; before: string; after: string } => ({ path, before: '', after: '1' });
  expect(authorsOf({ managers }, [changed('spec.http[1].route[0].weight')])).toEqual(['argocd-controller']);
  expect(authorsOf({ managers }, [changed('metadata.annotations["a.b/c"]')])).toEqual(['kubectl']);
  expect(authorsOf({ managers }, [changed('spec.hosts')])).toEqual([]);
});

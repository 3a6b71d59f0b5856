import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../lib/apply-edits';
import { valueAt } from '../../lib/json';
import { realKinds } from '../../lib/schema-form/real';
import { Shape } from '../../lib/schema-form/shape';
import type { Dialect, Rule } from '../routing';
import { addDestination, addRule, moveRule, removeDestination, removeRule, setTarget, setWeight } from '../split';
import { apiDialect } from './route';

const GROUP = 'gateway.networking.k8s.io';
const dialectOf = (kind: string): Dialect => {
  const dialect = apiDialect({ group: GROUP, kind });
  if (!dialect) throw new Error(`${kind} has no dialect`);
  return dialect;
};
const HTTP = dialectOf('HTTPRoute');

const reviews = {
  spec: {
    hostnames: ['shop.example.com'],
    parentRefs: [{ name: 'edge' }, { group: '', kind: 'Service', name: 'reviews' }],
    rules: [
      {
        name: 'testers',
        matches: [
          { path: { value: '/reviews' }, method: 'GET', headers: [{ name: 'end-user', value: 'jason' }] },
          { path: { type: 'RegularExpression', value: '/r.*' }, queryParams: [{ name: 'v', value: '2', type: 'Exact' }] },
        ],
        filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x'] } }, { type: 'RequestMirror', requestMirror: { backendRef: { name: 'audit', namespace: 'ops', port: 80 }, fraction: { numerator: 1, denominator: 4 } } }],
        backendRefs: [{ name: 'reviews-v2', port: 9080 }],
        timeouts: { request: '3s' },
      },
      { backendRefs: [{ name: 'reviews-v1', port: 9080 }, { name: 'reviews-v2', port: 9080, weight: 3 }, { kind: 'Hostname', group: 'networking.istio.io', name: 'r.example.com', port: 443, weight: 0 }] },
      { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', hostname: 'a.example.com', statusCode: 301, path: { type: 'ReplaceFullPath', replaceFullPath: '/new' } } }] },
      { backendRefs: [{ name: 'reviews-v1', port: 9080, weight: 0 }] },
    ],
  },
};
const rule = (at: number, value: unknown = reviews): Rule => {
  const found = HTTP.read(value).rules[at];
  if (!found) throw new Error(`no rule ${String(at)}`);
  return found;
};
const after = (edits: Parameters<typeof applyEdits>[1]): unknown => applyEdits(reviews, edits);

describe('a route of the Gateway API in the model of all routes', () => {
  it('reads what its rules take, and where that goes', () => {
    expect(HTTP.read(reviews)).toMatchObject({ hosts: ['shop.example.com'], gateways: ['edge', 'reviews'] });
    const [first, second] = rule(0).matches;
    expect(first?.conditions.map(({ subject, name, how, value }) => [subject, name, how, value])).toEqual([
      ['method', '', 'exact', 'GET'],
      ['path', '', 'prefix', '/reviews'],
      ['header', 'end-user', 'exact', 'jason'],
    ]);
    expect(second?.conditions.map(({ subject, how, value }) => [subject, how, value])).toEqual([
      ['path', 'regex', '/r.*'],
      ['query', 'exact', '2'],
    ]);
    expect(rule(0)).toMatchObject({ timeout: '3s', mirrors: [{ host: 'audit.ops', port: 80, percent: 25 }], direct: null });
    expect(rule(0).filters.map(({ name, pointer }) => [name, pointer])).toEqual([
      ['requestHeaderModifier', '/spec/rules/0/filters/0/requestHeaderModifier'],
      ['timeouts', '/spec/rules/0/timeouts'],
    ]);
    // A weight that is not written is 1.
    expect(rule(1).destinations.map(({ host, share }) => [host, share])).toEqual([
      ['reviews-v1', 25],
      ['reviews-v2', 75],
      ['r.example.com', 0],
    ]);
    expect(rule(2)).toMatchObject({ redirect: { authority: 'https://a.example.com', path: '/new', code: 301 }, direct: null });
    expect(rule(3).direct).toEqual({ status: 500 });
  });

  it('reads what a call of gRPC is', () => {
    const value = { spec: { rules: [{ matches: [{ method: { service: 'shop.Reviews' } }, { method: { type: 'RegularExpression', method: 'Get.*' } }] }] } };
    const found = dialectOf('GRPCRoute').read(value).rules[0]?.matches.flatMap(({ conditions }) => conditions);
    expect(found?.map(({ subject, how, value: text }) => [subject, how, text])).toEqual([
      ['method', 'exact', 'shop.Reviews/*'],
      ['method', 'regex', '*/Get.*'],
    ]);
  });

  it('writes weights, backends and the order of rules with the fewest edits', () => {
    expect(setWeight(rule(1), 1, 60)).toEqual([
      { op: 'set', path: '/spec/rules/1/backendRefs/0/weight', value: 40, to: null },
      { op: 'set', path: '/spec/rules/1/backendRefs/1/weight', value: 60, to: null },
    ]);
    const one = addDestination(HTTP, rule(0), { host: 'reviews-v3', subset: '', port: 9080 });
    expect(valueAt(after(one), '/spec/rules/0/backendRefs')).toEqual([
      { name: 'reviews-v2', port: 9080, weight: 100 },
      { name: 'reviews-v3', port: 9080, weight: 0 },
    ]);
    expect(valueAt(after(setTarget(HTTP, rule(0), 0, { host: 'reviews.other', subset: '', port: 80 })), '/spec/rules/0/backendRefs/0')).toEqual({ name: 'reviews', namespace: 'other', port: 80 });
    expect(setTarget(HTTP, rule(1), 2, { host: 'b.example.com', subset: '', port: 443 })).toEqual([{ op: 'set', path: '/spec/rules/1/backendRefs/2/name', value: 'b.example.com', to: null }]);
    expect(valueAt(after(removeDestination(rule(1), 0)), '/spec/rules/1/backendRefs')).toMatchObject([{ name: 'reviews-v2', weight: 100 }, { weight: 0 }]);
    expect(HTTP.read(after(moveRule(HTTP.read(reviews), 1, 0))).rules[0]?.destinations).toHaveLength(3);
    expect(removeRule(HTTP, HTTP.read(reviews), 2)).toEqual([{ op: 'remove', path: '/spec/rules/2', value: null, to: null }]);
  });

  it('adds a rule that nobody’s request matches, where rules compare requests', () => {
    const added = HTTP.read(after(addRule(HTTP, HTTP.read(reviews), 'reviews')));
    expect(added.rules[1]?.matches[0]?.conditions).toMatchObject([{ subject: 'header', name: 'x-canary', how: 'exact', value: 'true' }]);
    expect(added.rules[1]?.destinations.map(({ share }) => share)).toEqual([25, 75, 0]);
    const tcp = { spec: { rules: [{ backendRefs: [{ name: 'db', port: 5432 }] }] } };
    expect(addRule(dialectOf('TCPRoute'), dialectOf('TCPRoute').read(tcp), 'db')).toEqual([]);
  });
});

describe.each(realKinds().filter(({ group, kind }) => group === GROUP && kind.endsWith('Route')))('the real schema of $kind', ({ kind, fields, whole }) => {
  const dialect = dialectOf(kind);
  const [all] = dialect.read(whole).rules;

  it('loses no field of a rule: each is drawn or named', () => {
    const shape = new Shape(fields);
    const drawn = ['name', 'matches', 'filters', 'backendRefs'];
    for (const { path } of shape.fieldsOf('spec.rules[]')) {
      const name = path.split('.').at(-1) ?? '';
      if (!drawn.includes(name)) expect(all?.filters.map((filter) => filter.name)).toContain(name);
    }
    const conditions = new Set(all?.matches.flatMap((match) => [...match.conditions.map(({ pointer }) => pointer.split('/')[6]), ...match.kept.map(({ name }) => name)]));
    for (const { path } of shape.fieldsOf('spec.rules[].matches[]')) expect([...conditions]).toContain(path.split('.').at(-1));
  });

  it('knows every field that an edit writes', () => {
    const shape = new Shape(fields);
    if (!all) throw new Error('no rule');
    const edits = [...addDestination(dialect, all, { host: 'a.b', subset: '', port: 1 }), ...(dialect.fresh ? addRule(dialect, dialect.read(whole), 'a') : [])];
    expect(edits.length).toBeGreaterThan(1);
    const written = applyEdits(whole, edits);
    const names = (value: unknown, at: string): string[] => (typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, one]) => [`${at}/${key}`, ...names(one, `${at}/${key}`)]) : []);
    const unknown = names(valueAt(written, '/spec/rules'), '/spec/rules').filter((pointer) => !shape.at(shape.placeOf(pointer)));
    expect(unknown).toEqual([]);
  });
});

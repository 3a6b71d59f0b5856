import { describe, expect, it } from 'vitest';
import type { YamlEdit } from '../../wire/generated/types';
import { applyEdits } from '../../lib/apply-edits';
import { valueAt } from '../../lib/json';
import { readRoute, readSubsets, serviceOfHost } from './route';
import type { Route, Rule } from '../routing';
import {
  addCondition,
  removeCondition,
  removeMatch,
  setCondition,
} from './route-edits';
import {
  addMirror,
  removeMirror,
  setAbort,
  setDelay,
  setMirror,
  setRedirect,
  setRetries,
  setRewrite,
  setRuleTimeout,
} from './rule-settings';
import { addSubset, followRename, removeSubset, removeSubsetLabel, renameSubset, setSubsetLabel } from './subset-edits';
import { liveRule, partWas, shareWas } from '../pending';
import { addDestination, addRule, moveRule, removeDestination, removeRule, setTarget, setWeight } from '../split';
import { VIRTUAL_SERVICE } from './dialect';

/** As somebody wrote it by hand: an old whole percent, a field that we do not know, weights, a canary by header. */
const reviews = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'reviews', namespace: 'shop', annotations: { note: 'keep' } },
  spec: {
    hosts: ['reviews'],
    exportTo: ['.'],
    http: [
      {
        name: 'testers',
        match: [
          {
            headers: { 'end-user': { exact: 'jason' }, 'x-debug': {} },
            uri: { prefix: '/reviews' },
            method: { exact: 'GET' },
            ignoreUriCase: true,
          },
          { sourceLabels: { app: 'productpage' }, port: 9080 },
        ],
        route: [{ destination: { host: 'reviews', subset: 'v2' }, headers: { request: { add: { 'x-canary': 'yes' } } } }],
        fault: { delay: { percent: 10, fixedDelay: '2s' }, abort: { httpStatus: 503, percentage: { value: 0.5 } } },
      },
      {
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight: 90 },
          { destination: { host: 'reviews', subset: 'v2' }, weight: 10 },
        ],
        timeout: '2s',
        retries: { attempts: 2, perTryTimeout: '500ms', retryOn: '5xx', retryRemoteLocalities: true },
        mirror: { host: 'reviews', subset: 'v3' },
        mirrorPercentage: { value: 25 },
        corsPolicy: { allowOrigins: [{ exact: 'https://shop.example' }] },
      },
    ],
    tcp: [{ route: [{ destination: { host: 'reviews' } }] }],
  },
};

const route = (): Route => readRoute(reviews);
const ruleOf = (value: unknown, index: number): Rule => {
  const rule = readRoute(value).rules[index];
  if (!rule) throw new Error(`no rule ${String(index)}`);
  return rule;
};
const rule = (index: number): Rule => ruleOf(reviews, index);
const after = (edits: YamlEdit[], value: unknown = reviews): unknown => applyEdits(value, edits);
const at = (edits: YamlEdit[], path: string, value: unknown = reviews): unknown => valueAt(after(edits, value), path);

describe('reading a route', () => {
  it('keeps the order of rules, and says which catches all', () => {
    expect(route().rules.map(({ name, matches }) => [name, matches.length])).toEqual([
      ['testers', 2],
      ['', 0],
    ]);
  });

  it('reads conditions with their place', () => {
    expect(rule(0).matches[0]?.conditions).toEqual([
      { pointer: '/spec/http/0/match/0/method', subject: 'method', name: '', how: 'exact', value: 'GET' },
      { pointer: '/spec/http/0/match/0/uri', subject: 'path', name: '', how: 'prefix', value: '/reviews' },
      { pointer: '/spec/http/0/match/0/headers/end-user', subject: 'header', name: 'end-user', how: 'exact', value: 'jason' },
      { pointer: '/spec/http/0/match/0/headers/x-debug', subject: 'header', name: 'x-debug', how: 'present', value: '' },
    ]);
    expect(rule(0).matches[1]?.conditions.map(({ subject, name, value }) => [subject, name, value])).toEqual([
      ['port', '', '9080'],
      ['sourceLabel', 'app', 'productpage'],
    ]);
  });

  it('reads destinations, timeout, retries, faults and mirrors', () => {
    const second = rule(1);
    expect(second.destinations.map(({ subset, weight, share }) => [subset, weight, share])).toEqual([
      ['v1', 90, 90],
      ['v2', 10, 10],
    ]);
    expect(second.retries).toEqual({ attempts: 2, perTryTimeout: '500ms', on: '5xx' });
    expect(second.mirrors).toMatchObject([{ subset: 'v3', percent: 25 }]);
    expect(rule(0).delay).toEqual({ fixedDelay: '2s', percent: 10 });
    expect(rule(0).abort).toEqual({ status: 503, percent: 0.5 });
    expect(rule(0).destinations[0]?.share).toBe(100);
  });

  it('keeps what it does not know, by name and place', () => {
    expect(route().kept.map(({ pointer }) => pointer)).toEqual(['/spec/exportTo', '/spec/tcp']);
    expect(rule(1).kept.map(({ pointer }) => pointer)).toEqual([
      '/spec/http/1/corsPolicy',
      '/spec/http/1/retries/retryRemoteLocalities',
    ]);
    expect(rule(0).matches[0]?.kept.map(({ name }) => name)).toEqual(['ignoreUriCase']);
    expect(rule(0).destinations[0]?.kept.map(({ name }) => name)).toEqual(['headers']);
  });

  it.each([null, 7, 'text', [], { spec: null }, { spec: { http: 'no' } }, { spec: { http: [null, 3, { route: {} }] } }])(
    'reads nonsense as nothing: %j',
    (value) => {
      expect(() => readRoute(value)).not.toThrow();
      expect(() => readSubsets(value)).not.toThrow();
    },
  );
});

describe('weights in the document', () => {
  it('writes the two numbers and nothing else', () => {
    expect(setWeight(rule(1), 1, 20)).toEqual([
      { op: 'set', path: '/spec/http/1/route/0/weight', value: 80, to: null },
      { op: 'set', path: '/spec/http/1/route/1/weight', value: 20, to: null },
    ]);
  });

  it('does nothing where nothing changes, or a single destination has all', () => {
    expect(setWeight(rule(1), 1, 10)).toEqual([]);
    expect(setWeight(rule(0), 0, 50)).toEqual([]);
  });

  it('adds a destination with weight 0, and writes the weight that was implied', () => {
    const edits = addDestination(VIRTUAL_SERVICE, rule(0), { host: 'reviews', subset: 'v3', port: 9080 });
    expect(at(edits, '/spec/http/0/route')).toEqual([
      { ...reviews.spec.http[0]?.route[0], weight: 100 },
      { destination: { host: 'reviews', subset: 'v3', port: { number: 9080 } }, weight: 0 },
    ]);
  });

  it('removes a destination and hands its weight on, but never the last', () => {
    expect(at(removeDestination(rule(1), 0), '/spec/http/1/route')).toEqual([
      { destination: { host: 'reviews', subset: 'v2' }, weight: 100 },
    ]);
    expect(removeDestination(rule(0), 0)).toEqual([]);
  });

  it('points a destination elsewhere, field by field', () => {
    const edits = setTarget(VIRTUAL_SERVICE, rule(1), 1, { host: 'reviews', subset: '', port: 80 });
    expect(at(edits, '/spec/http/1/route/1')).toEqual({ destination: { host: 'reviews', port: { number: 80 } }, weight: 10 });
  });
});

describe('rules', () => {
  it('puts a new rule before the one that catches all, moving no request', () => {
    const edits = addRule(VIRTUAL_SERVICE, route(), 'reviews');
    expect(edits).toHaveLength(1);
    expect(edits[0]).toMatchObject({ op: 'insert', path: '/spec/http/1' });
    expect(ruleOf(after(edits), 1).destinations.map(({ subset, weight }) => [subset, weight])).toEqual([
      ['v1', 90],
      ['v2', 10],
    ]);
  });

  it('starts a route that has none', () => {
    expect(at(addRule(VIRTUAL_SERVICE, readRoute({ spec: {} }), 'ratings'), '/spec/http', { spec: {} })).toEqual([
      { route: [{ destination: { host: 'ratings' } }] },
    ]);
  });

  it('moves and removes', () => {
    expect(moveRule(route(), 1, 0)).toEqual([{ op: 'move', path: '/spec/http/1', value: null, to: 0 }]);
    expect(moveRule(route(), 1, 2)).toEqual([]);
    expect(readRoute(after(moveRule(route(), 0, 1))).rules.map(({ name }) => name)).toEqual(['', 'testers']);
    expect(removeRule(VIRTUAL_SERVICE, route(), 0)).toEqual([{ op: 'remove', path: '/spec/http/0', value: null, to: null }]);
  });
});

describe('conditions', () => {
  const header = { subject: 'header', name: 'x-beta', how: 'exact', value: '1' } as const;

  it('adds to a match, as an alternative, and to a rule without any', () => {
    expect(at(addCondition(rule(0), 0, header), '/spec/http/0/match/0/headers/x-beta')).toEqual({ exact: '1' });
    expect(at(addCondition(rule(0), null, header), '/spec/http/0/match/2')).toEqual({ headers: { 'x-beta': { exact: '1' } } });
    expect(at(addCondition(rule(1), null, header), '/spec/http/1/match')).toEqual([{ headers: { 'x-beta': { exact: '1' } } }]);
  });

  it('writes each subject as the mesh reads it', () => {
    const cases = [
      [{ subject: 'path', name: '', how: 'regex', value: '/a.*' }, { uri: { regex: '/a.*' } }],
      [{ subject: 'header', name: 'x', how: 'present', value: '' }, { headers: { x: {} } }],
      [{ subject: 'port', name: '', how: 'is', value: '9080' }, { port: 9080 }],
      [{ subject: 'gateway', name: '', how: 'is', value: 'mesh' }, { gateways: ['mesh'] }],
      [{ subject: 'sourceLabel', name: 'app', how: 'is', value: 'web' }, { sourceLabels: { app: 'web' } }],
      [{ subject: 'query', name: 'q', how: 'prefix', value: 'a' }, { queryParams: { q: { prefix: 'a' } } }],
    ] as const;
    for (const [wanted, written] of cases) {
      const value = after(addCondition(rule(1), null, wanted));
      expect(valueAt(value, '/spec/http/1/match/0')).toEqual(written);
      expect(ruleOf(value, 1).matches[0]?.conditions[0]).toMatchObject(wanted);
    }
  });

  it('escapes a header name that looks like a path', () => {
    const edits = addCondition(rule(0), 0, { ...header, name: 'a/b~c' });
    expect(edits[0]?.path).toBe('/spec/http/0/match/0/headers/a~1b~0c');
  });

  it('changes one in place, or moves it to another subject', () => {
    expect(setCondition(rule(0), 0, 2, { subject: 'header', name: 'end-user', how: 'prefix', value: 'j' })).toEqual([
      { op: 'set', path: '/spec/http/0/match/0/headers/end-user', value: { prefix: 'j' }, to: null },
    ]);
    const value = after(setCondition(rule(0), 0, 0, { subject: 'scheme', name: '', how: 'exact', value: 'https' }));
    expect(valueAt(value, '/spec/http/0/match/0')).toMatchObject({ scheme: { exact: 'https' }, ignoreUriCase: true });
    expect(valueAt(value, '/spec/http/0/match/0/method')).toBeUndefined();
  });

  it('renames the only label without losing the map', () => {
    const value = after(setCondition(rule(0), 1, 1, { subject: 'sourceLabel', name: 'team', how: 'is', value: 'web' }));
    expect(valueAt(value, '/spec/http/0/match/1/sourceLabels')).toEqual({ team: 'web' });
  });

  it('takes the emptied map, match and list of matches away with the last condition', () => {
    expect(at(removeCondition(rule(0), 0, 2), '/spec/http/0/match/0/headers')).toEqual({ 'x-debug': {} });
    expect(at(removeCondition(rule(0), 1, 1), '/spec/http/0/match/1')).toEqual({ port: 9080 });
    expect(at(removeMatch(rule(0), 1), '/spec/http/0/match')).toHaveLength(1);
    const one = { spec: { http: [{ match: [{ uri: { exact: '/' } }], route: [] }] } };
    expect(after(removeCondition(ruleOf(one, 0), 0, 0), one)).toEqual({ spec: { http: [{ route: [] }] } });
  });

  it('keeps a match whose unknown fields still say something', () => {
    const odd = { spec: { http: [{ match: [{ uri: { exact: '/' }, statPrefix: 'x' }], route: [] }] } };
    expect(at(removeCondition(ruleOf(odd, 0), 0, 0), '/spec/http/0/match/0', odd)).toEqual({ statPrefix: 'x' });
  });
});

describe('what a rule does besides', () => {
  it('sets and clears the timeout', () => {
    expect(at(setRuleTimeout(rule(1), ' 5s '), '/spec/http/1/timeout')).toBe('5s');
    expect(setRuleTimeout(rule(1), '')).toEqual([{ op: 'remove', path: '/spec/http/1/timeout', value: null, to: null }]);
    expect(setRuleTimeout(rule(0), '')).toEqual([]);
  });

  it('changes retries without touching unknown fields', () => {
    const edits = setRetries(rule(1), { attempts: 3, perTryTimeout: '', on: '5xx' });
    expect(at(edits, '/spec/http/1/retries')).toEqual({ attempts: 3, retryOn: '5xx', retryRemoteLocalities: true });
    expect(at(setRetries(rule(0), { attempts: 1, perTryTimeout: '', on: '' }), '/spec/http/0/retries')).toEqual({ attempts: 1 });
    expect(at(setRetries(rule(1), null), '/spec/http/1/retries')).toBeUndefined();
  });

  it('sets faults one by one', () => {
    expect(at(setDelay(rule(1), { fixedDelay: '1s', percent: 5 }), '/spec/http/1/fault')).toEqual({
      delay: { percentage: { value: 5 }, fixedDelay: '1s' },
    });
    expect(at(setAbort(rule(0), null), '/spec/http/0/fault')).toEqual({ delay: { percent: 10, fixedDelay: '2s' } });
    const value = after(setAbort(rule(0), null));
    expect(valueAt(after(setDelay(ruleOf(value, 0), null), value), '/spec/http/0/fault')).toBeUndefined();
  });

  it('edits mirrors where they are written', () => {
    const [mirror] = rule(1).mirrors;
    if (!mirror) throw new Error('no mirror');
    expect(setMirror(mirror, { host: 'reviews', subset: 'v3', port: null }, 50)).toEqual([
      { op: 'set', path: '/spec/http/1/mirrorPercentage/value', value: 50, to: null },
    ]);
    const gone = after(removeMirror(rule(1), 0));
    expect(valueAt(gone, '/spec/http/1/mirror')).toBeUndefined();
    expect(valueAt(gone, '/spec/http/1/mirrorPercentage')).toBeUndefined();
    const added = after(addMirror(rule(0), { host: 'audit', subset: '', port: null }, 100));
    expect(ruleOf(added, 0).mirrors).toMatchObject([{ host: 'audit', percent: 100 }]);
    expect(ruleOf(after(addMirror(rule(1), { host: 'audit', subset: '', port: null }, 1)), 1).mirrors).toHaveLength(2);
  });

  it('rewrites, and redirects in place of the destinations', () => {
    expect(at(setRewrite(rule(1), { path: '/v2', authority: '' }), '/spec/http/1/rewrite')).toEqual({ uri: '/v2' });
    const redirected = after(setRedirect(rule(1), { path: '/new', authority: '', code: 302 }, 'reviews'));
    expect(valueAt(redirected, '/spec/http/1/redirect')).toEqual({ uri: '/new', redirectCode: 302 });
    expect(valueAt(redirected, '/spec/http/1/route')).toBeUndefined();
    const back = after(setRedirect(ruleOf(redirected, 1), null, 'reviews'), redirected);
    expect(ruleOf(back, 1).destinations.map(({ host }) => host)).toEqual(['reviews']);
  });
});

describe('subsets', () => {
  const rules = {
    spec: {
      host: 'reviews',
      trafficPolicy: { loadBalancer: { simple: 'LEAST_REQUEST' } },
      subsets: [
        { name: 'v1', labels: { version: 'v1' } },
        { name: 'v2', labels: { version: 'v2' }, trafficPolicy: { outlierDetection: { consecutive5xxErrors: 3 } } },
      ],
    },
  };

  it('reads names, labels and what it keeps', () => {
    const read = readSubsets(rules);
    expect(read.subsets.map(({ name, labels }) => [name, labels[0]?.value])).toEqual([
      ['v1', 'v1'],
      ['v2', 'v2'],
    ]);
    expect(read.kept.map(({ name }) => name)).toEqual(['trafficPolicy']);
    expect(read.subsets[1]?.kept.map(({ pointer }) => pointer)).toEqual(['/spec/subsets/1/trafficPolicy']);
  });

  it('adds, labels, removes; names are unique', () => {
    const read = readSubsets(rules);
    expect(at(addSubset(read, 'v3', { version: 'v3' }), '/spec/subsets/2', rules)).toEqual({ name: 'v3', labels: { version: 'v3' } });
    expect(addSubset(read, 'v1', { version: 'v9' })).toEqual([]);
    expect(at(setSubsetLabel(read, 0, 'track', 'stable'), '/spec/subsets/0/labels', rules)).toEqual({ version: 'v1', track: 'stable' });
    expect(at(removeSubsetLabel(read, 0, 'version'), '/spec/subsets/0', rules)).toEqual({ name: 'v1' });
    expect(at(removeSubset(read, 0), '/spec/subsets', rules)).toHaveLength(1);
  });

  it('renames a subset in both documents', () => {
    expect(at(renameSubset(readSubsets(rules), 1, 'canary'), '/spec/subsets/1/name', rules)).toBe('canary');
    const renamed = readRoute(after(followRename(route(), 'reviews', 'v2', 'canary')));
    expect(renamed.rules.flatMap(({ destinations }) => destinations.map(({ subset }) => subset))).toEqual(['canary', 'v1', 'canary']);
  });
});

describe('pending marks', () => {
  it('finds the live rule by what it is, not by its place', () => {
    const added = readRoute(after(addRule(VIRTUAL_SERVICE, route(), 'reviews')));
    const last = added.rules[2];
    if (!last) throw new Error('no rule');
    expect(liveRule(route(), last, 2)?.pointer).toBe('/spec/http/1');
  });

  it('crosses out the old share, and says what is new', () => {
    const moved = readRoute(after(setWeight(rule(1), 1, 20)));
    const now = moved.rules[1];
    const [first] = now?.destinations ?? [];
    if (!now || !first) throw new Error('no rule');
    expect(shareWas(rule(1), first)).toEqual({ value: 90, isNew: false });
    expect(shareWas(rule(0), first)).toEqual({ value: null, isNew: true });
    expect(partWas(rule(1), now, ({ timeout }) => timeout)).toBeNull();
  });
});

it('names the service of a host', () => {
  expect(serviceOfHost('reviews', 'shop')).toEqual({ namespace: 'shop', name: 'reviews' });
  expect(serviceOfHost('ratings.legacy.svc.cluster.local', 'shop')).toEqual({ namespace: 'legacy', name: 'ratings' });
  expect(serviceOfHost('ratings.legacy.svc', 'shop')).toEqual({ namespace: 'legacy', name: 'ratings' });
  expect(serviceOfHost('api.example.com', 'shop')).toBeNull();
  expect(serviceOfHost('*.shop.svc.cluster.local', 'shop')).toBeNull();
});

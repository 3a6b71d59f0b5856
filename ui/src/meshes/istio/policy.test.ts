import { describe, expect, it } from 'vitest';
import type { YamlEdit } from '../../wire/generated/types';
import { applyEdits } from '../../lib/apply-edits';
import { valueAt } from '../../lib/json';
import { readAuthorization, readPeerPolicy, reachOf } from './policy';
import type { AuthorizationRules, PolicyRule } from './policy';
import {
  addBlock,
  addRule,
  addWhen,
  moveRule,
  removeBlock,
  removePort,
  removeRule,
  removeWhen,
  renamePort,
  setAction,
  setMode,
  setNot,
  setPort,
  setSelector,
  setValues,
  setWhen,
} from './policy-edits';
import { saysOf } from './policy-words';

const peer = {
  kind: 'PeerAuthentication',
  spec: {
    selector: { matchLabels: { app: 'reviews' } },
    mtls: { mode: 'STRICT' },
    portLevelMtls: { 8080: { mode: 'DISABLE' } },
    later: true,
  },
};

const allow = {
  kind: 'AuthorizationPolicy',
  spec: {
    selector: { matchLabels: { app: 'reviews' } },
    rules: [
      {
        from: [
          { source: { principals: ['cluster.local/ns/shop/sa/productpage'], notNamespaces: ['legacy'] } },
          { source: { ipBlocks: ['10.0.0.0/8'], notServiceAccounts: ['shop/batch'] } },
        ],
        to: [{ operation: { methods: ['GET'], paths: ['/reviews/*'], notPorts: [9090] } }],
        when: [
          { key: 'request.headers[x-team]', values: ['web'] },
          { key: 'source.ip', notValues: ['10.1.0.1'] },
        ],
      },
      { to: [{ operation: { paths: ['/health'] } }] },
    ],
  },
};

const policy = (value: unknown = allow): AuthorizationRules => readAuthorization(value);
const rule = (index: number, value: unknown = allow): PolicyRule => {
  const found = policy(value).rules?.[index];
  if (!found) throw new Error('no such rule');
  return found;
};
const first = <T>(items: readonly T[]): T => {
  const [item] = items;
  if (item === undefined) throw new Error('empty');
  return item;
};
const at = (edits: YamlEdit[], path: string, value: unknown = allow): unknown => valueAt(applyEdits(value, edits), path);

describe('PeerAuthentication', () => {
  it('reads mode, ports, selector and what it keeps', () => {
    const read = readPeerPolicy(peer);
    expect(read.mode).toBe('STRICT');
    expect(read.ports).toEqual([{ port: '8080', mode: 'DISABLE', pointer: '/spec/portLevelMtls/8080' }]);
    expect(read.selector.map(({ key, value }) => `${key}=${value}`)).toEqual(['app=reviews']);
    expect(read.kept.map(({ name }) => name)).toEqual(['later']);
  });

  it('sets modes and ports', () => {
    const read = readPeerPolicy(peer);
    expect(setMode(read, 'STRICT')).toEqual([]);
    expect(at(setMode(read, ''), '/spec/mtls', peer)).toBeUndefined();
    expect(at(setMode(readPeerPolicy({}), 'STRICT'), '/spec', {})).toEqual({ mtls: { mode: 'STRICT' } });
    expect(at(setPort(read, '9080', 'PERMISSIVE'), '/spec/portLevelMtls/9080', peer)).toEqual({ mode: 'PERMISSIVE' });
    expect(at(renamePort(read, '8080', '8081'), '/spec/portLevelMtls', peer)).toEqual({ 8081: { mode: 'DISABLE' } });
    expect(at(removePort(read, '8080'), '/spec/portLevelMtls', peer)).toBeUndefined();
  });

  it('says how far it reaches', () => {
    expect(reachOf(readPeerPolicy(peer).selector, 'shop')).toBe('workload');
    expect(reachOf([], 'shop')).toBe('namespace');
    expect(reachOf([], 'istio-system')).toBe('mesh');
  });

  it('replaces the selector label by label', () => {
    const { selector } = readPeerPolicy(peer);
    expect(at(setSelector(selector, { app: 'reviews', version: 'v2' }), '/spec/selector/matchLabels', peer)).toEqual({ app: 'reviews', version: 'v2' });
    expect(at(setSelector(selector, { version: 'v2' }), '/spec/selector/matchLabels', peer)).toEqual({ version: 'v2' });
    expect(at(setSelector(selector, {}), '/spec/selector', peer)).toBeUndefined();
  });
});

describe('AuthorizationPolicy', () => {
  it('reads who, what and when, with the not-forms', () => {
    expect(rule(0).from.map(({ lists }) => lists.map(({ field, isNot }) => (isNot ? `not ${field}` : field)))).toEqual([
      ['principals', 'not namespaces'],
      ['not serviceAccounts', 'ipBlocks'],
    ]);
    expect(rule(0).to[0]?.lists.at(-1)).toMatchObject({ field: 'ports', isNot: true, values: ['9090'] });
    expect(rule(0).when[1]).toMatchObject({ key: 'source.ip', values: [], notValues: ['10.1.0.1'] });
  });

  it('tells no rules from one empty rule', () => {
    expect(policy({ spec: {} }).rules).toBeNull();
    expect(saysOf(policy({ spec: {} }))).toEqual({ kind: 'allow-nothing' });
    expect(saysOf(policy({ spec: { rules: [] } }))).toEqual({ kind: 'allow-nothing' });
    expect(saysOf(policy({ spec: { rules: [{}] } }))).toEqual({ kind: 'allow-all' });
    expect(saysOf(policy({ spec: { action: 'DENY' } }))).toEqual({ kind: 'deny-nothing' });
    expect(saysOf(policy({ spec: { action: 'DENY', rules: [{}] } }))).toEqual({ kind: 'deny-all' });
  });

  it('says the rules as clauses', () => {
    const says = saysOf(policy());
    if (says.kind !== 'rules') throw new Error('expected rules');
    expect(says.clauses[0]?.who[0]?.[0]).toEqual({ field: 'principals', isNot: false, values: ['shop/productpage'] });
    expect(says.clauses[1]).toMatchObject({ who: [], what: [[{ field: 'paths', values: ['/health'] }]] });
  });

  it('sets, empties and negates lists', () => {
    expect(at(setValues(rule(0), 'to', 0, 'methods', false, ['GET', 'HEAD']), '/spec/rules/0/to/0/operation/methods')).toEqual(['GET', 'HEAD']);
    expect(setValues(rule(0), 'to', 0, 'methods', false, ['GET'])).toEqual([]);
    expect(at(setValues(rule(0), 'to', 0, 'methods', false, []), '/spec/rules/0/to/0/operation')).toEqual({ paths: ['/reviews/*'], notPorts: [9090] });
    expect(at(setNot(first(rule(0).to), 'methods', true), '/spec/rules/0/to/0/operation')).toEqual({
      notMethods: ['GET'],
      paths: ['/reviews/*'],
      notPorts: [9090],
    });
  });

  it('takes an emptied block away, and the list with the last block', () => {
    expect(at(setValues(rule(1), 'to', 0, 'paths', false, []), '/spec/rules/1')).toEqual({});
    expect(at(removeBlock(rule(0), 'from', 1), '/spec/rules/0/from')).toHaveLength(1);
    expect(at(addBlock(rule(1), 'from', 'namespaces', ['shop']), '/spec/rules/1/from')).toEqual([{ source: { namespaces: ['shop'] } }]);
    expect(at(addBlock(rule(0), 'to', 'paths', ['/x']), '/spec/rules/0/to/1')).toEqual({ operation: { paths: ['/x'] } });
  });

  it('changes conditions', () => {
    expect(at(addWhen(rule(1), 'source.namespace', ['shop']), '/spec/rules/1/when')).toEqual([{ key: 'source.namespace', values: ['shop'] }]);
    const negated = setWhen(first(rule(0).when), { key: 'request.headers[x-team]', values: ['web'], isNot: true });
    expect(at(negated, '/spec/rules/0/when/0')).toEqual({ key: 'request.headers[x-team]', notValues: ['web'] });
    expect(at(removeWhen(rule(0), 0), '/spec/rules/0/when')).toHaveLength(1);
  });

  it('adds, moves and removes rules; the last one leaves an empty list', () => {
    expect(at(addRule(policy({ spec: {} }), 'shop'), '/spec/rules', { spec: {} })).toEqual([{ from: [{ source: { namespaces: ['shop'] } }] }]);
    expect(moveRule(policy(), 0, 1)).toEqual([{ op: 'move', path: '/spec/rules/0', value: null, to: 1 }]);
    const one = { spec: { rules: [{}] } };
    expect(at(removeRule(policy(one), 0), '/spec/rules', one)).toEqual([]);
    expect(setAction(policy(), 'ALLOW')).toEqual([]);
    expect(at(setAction(policy(), 'DENY'), '/spec/action')).toBe('DENY');
  });
});

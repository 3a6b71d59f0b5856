/** What a user does to a policy, as edits of its document. */
import type { YamlEdit } from '../../wire/generated/types';
import { isRecord, parentOf, pointer } from '../../lib/json';
import { insert, move, remove, set } from '../../lib/yaml-edits';
import { written } from './policy';
import type { Action, AuthorizationRules, Block, Field, PeerPolicy, PolicyRule, Selector, SourceField, When } from './policy';

/** Replaces the selector; without labels the whole namespace is meant. */
export const setSelector = (now: Selector, wanted: Record<string, string>): YamlEdit[] => {
  const keys = Object.keys(wanted);
  if (keys.length === 0) return now.length === 0 ? [] : [remove('/spec/selector')];
  const gone = now.filter(({ key }) => !keys.includes(key));
  const changed = keys.filter((key) => now.find((label) => label.key === key)?.value !== wanted[key]);
  return [
    ...changed.map((key) => set(pointer('/spec/selector/matchLabels', key), wanted[key])),
    ...gone.map((label) => remove(label.pointer)),
  ];
};

export const setMode = (policy: PeerPolicy, mode: string): YamlEdit[] => {
  if (mode === policy.mode) return [];
  return mode === '' ? [remove('/spec/mtls')] : [set('/spec/mtls/mode', mode)];
};

export const setPort = (policy: PeerPolicy, port: string, mode: string): YamlEdit[] => {
  const now = policy.ports.find((one) => one.port === port);
  if (port === '' || now?.mode === mode) return [];
  return [set(pointer('/spec/portLevelMtls', port, 'mode'), mode)];
};

export const renamePort = (policy: PeerPolicy, from: string, to: string): YamlEdit[] => {
  const now = policy.ports.find(({ port }) => port === from);
  if (!now || from === to || to === '' || policy.ports.some(({ port }) => port === to)) return [];
  return [set(pointer('/spec/portLevelMtls', to, 'mode'), now.mode), remove(now.pointer)];
};

export const removePort = (policy: PeerPolicy, port: string): YamlEdit[] => {
  const now = policy.ports.find((one) => one.port === port);
  if (!now) return [];
  return [remove(policy.ports.length === 1 ? '/spec/portLevelMtls' : now.pointer)];
};

export const setAction = (policy: AuthorizationRules, action: Action): YamlEdit[] =>
  (policy.action || 'ALLOW') === action ? [] : [set('/spec/action', action)];

/** A new rule names nobody yet; as it would hold for everybody, it starts with a source to fill in. */
export const addRule = (policy: AuthorizationRules, namespace: string): YamlEdit[] => {
  const rule = { from: [{ source: { namespaces: [namespace] } }] };
  return [policy.rules && policy.rules.length > 0 ? insert('/spec/rules/-', rule) : set('/spec/rules', [rule])];
};

/** Without its last rule an ALLOW policy refuses everything: the list stays, empty, and the words say so. */
export const removeRule = (policy: AuthorizationRules, index: number): YamlEdit[] => {
  const rule = policy.rules?.[index];
  if (!rule) return [];
  return [policy.rules?.length === 1 ? set('/spec/rules', []) : remove(rule.pointer)];
};

export const moveRule = (policy: AuthorizationRules, from: number, to: number): YamlEdit[] => {
  const rule = policy.rules?.[from];
  return !rule || from === to || to < 0 || to >= (policy.rules?.length ?? 0) ? [] : [move(rule.pointer, to)];
};

const SIDES = { from: 'source', to: 'operation' } as const;
export type Side = keyof typeof SIDES;

/** Another source or operation: an alternative to those that are there. */
export const addBlock = (rule: PolicyRule, side: Side, field: Field, values: readonly string[]): YamlEdit[] => {
  const value = { [SIDES[side]]: { [field]: [...values] } };
  const path = pointer(rule.pointer, side);
  return [rule[side].length === 0 ? set(path, [value]) : insert(pointer(path, '-'), value)];
};

/** The list goes with its last block: an empty list of sources means something else. */
export const removeBlock = (rule: PolicyRule, side: Side, index: number): YamlEdit[] => {
  const block = rule[side][index];
  if (!block) return [];
  return [remove(rule[side].length === 1 ? pointer(rule.pointer, side) : parentOf(block.pointer))];
};

/** Sets the values of one list; without values the list goes, and with the last list the block. */
export const setValues = (
  rule: PolicyRule,
  side: Side,
  index: number,
  field: Field,
  isNot: boolean,
  values: readonly string[],
): YamlEdit[] => {
  const block = rule[side][index];
  if (!block) return [];
  const now = block.lists.find((list) => list.field === field && list.isNot === isNot);
  if (values.length > 0) {
    if (now && now.values.join('\n') === values.join('\n')) return [];
    return [set(pointer(block.pointer, written(field, isNot)), [...values])];
  }
  if (!now) return [];
  return isLastOf(block) ? removeBlock(rule, side, index) : [remove(now.pointer)];
};

const isLastOf = (block: Block): boolean => block.lists.length === 1 && block.kept.length === 0;

/** Turns a list into its not-form or back. */
export const setNot = (block: Block, field: Field, isNot: boolean): YamlEdit[] => {
  const now = block.lists.find((list) => list.field === field && list.isNot !== isNot);
  if (!now || block.lists.some((list) => list.field === field && list.isNot === isNot)) return [];
  return [set(pointer(block.pointer, written(field, isNot)), now.values), remove(now.pointer)];
};

export const addWhen = (rule: PolicyRule, key: string, values: readonly string[]): YamlEdit[] => {
  const value = { key, values: [...values] };
  return [rule.when.length === 0 ? set(pointer(rule.pointer, 'when'), [value]) : insert(pointer(rule.pointer, 'when', '-'), value)];
};

export const setWhen = (when: When, wanted: { key: string; values: readonly string[]; isNot: boolean }): YamlEdit[] => {
  const field = wanted.isNot ? 'notValues' : 'values';
  const other = wanted.isNot ? 'values' : 'notValues';
  const now = wanted.isNot ? when.notValues : when.values;
  return [
    ...(when.key === wanted.key ? [] : [set(pointer(when.pointer, 'key'), wanted.key)]),
    ...(now.join('\n') === wanted.values.join('\n') ? [] : [set(pointer(when.pointer, field), [...wanted.values])]),
    ...(when[other].length > 0 && now.length === 0 ? [remove(pointer(when.pointer, other))] : []),
  ];
};

export const removeWhen = (rule: PolicyRule, index: number): YamlEdit[] => {
  const when = rule.when[index];
  if (!when) return [];
  return [remove(rule.when.length === 1 ? pointer(rule.pointer, 'when') : when.pointer)];
};

/** The principal of a service account, as a policy writes it. */
export const principal = (trustDomain: string, namespace: string, account: string): string =>
  `${trustDomain}/ns/${namespace}/sa/${account}`;

/** Fields that a source compares by an identity that only mutual TLS proves. */
export const needsMtls = (field: Field): boolean =>
  (['principals', 'serviceAccounts', 'namespaces'] satisfies SourceField[] as readonly Field[]).includes(field);

/** Whether a value is a document of the kind that a form reads. */
export const isKind = (value: unknown, kind: string): boolean => isRecord(value) && value['kind'] === kind;

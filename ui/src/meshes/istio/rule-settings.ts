/** What a rule does besides choosing a destination, as edits: timeout, retries, faults, mirrors, rewrite, redirect. */
import type { YamlEdit } from '../../wire/generated/types';
import { parentOf, partsOf, pointer } from '../../lib/json';
import { insert, remove, set } from '../../lib/yaml-edits';
import type { Mirror, Rule, Target } from '../routing';
import { targetEdits, targetValue, textEdit } from './target-edits';

export const setRuleTimeout = (rule: Rule, timeout: string): YamlEdit[] =>
  textEdit(pointer(rule.pointer, 'timeout'), rule.timeout, timeout.trim());

export const setRetries = (
  rule: Rule,
  wanted: { attempts: number | null; perTryTimeout: string; on: string } | null,
): YamlEdit[] => {
  const at = pointer(rule.pointer, 'retries');
  if (wanted === null) return rule.retries ? [remove(at)] : [];
  const now = rule.retries ?? { attempts: null, perTryTimeout: '', on: '' };
  return [
    ...(wanted.attempts === now.attempts
      ? []
      : wanted.attempts === null
        ? [remove(pointer(at, 'attempts'))]
        : [set(pointer(at, 'attempts'), wanted.attempts)]),
    ...textEdit(pointer(at, 'perTryTimeout'), now.perTryTimeout, wanted.perTryTimeout.trim()),
    ...textEdit(pointer(at, 'retryOn'), now.on, wanted.on.trim()),
  ];
};

const removeFault = (rule: Rule, part: 'delay' | 'abort'): YamlEdit[] => {
  const at = pointer(rule.pointer, 'fault');
  const hasOther = part === 'delay' ? rule.abort : rule.delay;
  const hasKept = rule.kept.some((kept) => parentOf(kept.pointer) === at);
  return [remove(hasOther || hasKept ? pointer(at, part) : at)];
};

export const setDelay = (rule: Rule, wanted: { fixedDelay: string; percent: number } | null): YamlEdit[] => {
  if (wanted === null) return rule.delay ? removeFault(rule, 'delay') : [];
  const at = pointer(rule.pointer, 'fault', 'delay');
  return [
    ...(rule.delay?.percent === wanted.percent ? [] : [set(pointer(at, 'percentage', 'value'), wanted.percent)]),
    ...(rule.delay?.fixedDelay === wanted.fixedDelay ? [] : [set(pointer(at, 'fixedDelay'), wanted.fixedDelay)]),
  ];
};

export const setAbort = (rule: Rule, wanted: { status: number; percent: number } | null): YamlEdit[] => {
  if (wanted === null) return rule.abort ? removeFault(rule, 'abort') : [];
  const at = pointer(rule.pointer, 'fault', 'abort');
  return [
    ...(rule.abort?.percent === wanted.percent ? [] : [set(pointer(at, 'percentage', 'value'), wanted.percent)]),
    ...(rule.abort?.status === wanted.status ? [] : [set(pointer(at, 'httpStatus'), wanted.status)]),
  ];
};

export const addMirror = (rule: Rule, target: Target, percent: number): YamlEdit[] => {
  const item = { destination: targetValue(target), percentage: { value: percent } };
  const list = pointer(rule.pointer, 'mirrors');
  if (rule.mirrors.some(({ pointer: at }) => at.startsWith(`${list}/`))) return [insert(pointer(list, '-'), item)];
  if (rule.mirrors.length > 0) return [set(list, [item])];
  return [
    set(pointer(rule.pointer, 'mirror'), targetValue(target)),
    set(pointer(rule.pointer, 'mirrorPercentage', 'value'), percent),
  ];
};

export const setMirror = (mirror: Mirror, target: Target, percent: number): YamlEdit[] => [
  ...targetEdits(mirror.pointer, mirror, target),
  ...(mirror.percent === percent ? [] : [set(mirror.percentPointer, percent)]),
];

export const removeMirror = (rule: Rule, index: number): YamlEdit[] => {
  const mirror = rule.mirrors[index];
  if (!mirror) return [];
  const isSingle = partsOf(mirror.pointer).at(-1) === 'mirror';
  if (isSingle) {
    return [
      remove(mirror.pointer),
      ...(mirror.percent === null ? [] : [remove(parentOf(mirror.percentPointer))]),
    ];
  }
  const list = pointer(rule.pointer, 'mirrors');
  const inList = rule.mirrors.filter(({ pointer: at }) => at.startsWith(`${list}/`));
  return [remove(inList.length === 1 ? list : parentOf(mirror.pointer))];
};

export const setRewrite = (rule: Rule, wanted: { path: string; authority: string } | null): YamlEdit[] => {
  const at = pointer(rule.pointer, 'rewrite');
  const isEmpty = wanted === null || (wanted.path === '' && wanted.authority === '');
  const hasKept = rule.kept.some((kept) => parentOf(kept.pointer) === at);
  if (isEmpty && !hasKept) return rule.rewrite ? [remove(at)] : [];
  return [
    ...textEdit(pointer(at, 'uri'), rule.rewrite?.path ?? '', wanted?.path ?? ''),
    ...textEdit(pointer(at, 'authority'), rule.rewrite?.authority ?? '', wanted?.authority ?? ''),
  ];
};

/** A redirect answers in place of the destinations: Istio takes one or the other. */
export const setRedirect = (
  rule: Rule,
  wanted: { path: string; authority: string; code: number | null } | null,
  host: string,
): YamlEdit[] => {
  const at = pointer(rule.pointer, 'redirect');
  if (wanted === null) {
    if (!rule.redirect) return [];
    const back = rule.destinations.length === 0 ? [set(pointer(rule.pointer, 'route'), [{ destination: { host } }])] : [];
    return [remove(at), ...back];
  }
  const now = rule.redirect ?? { path: '', authority: '', code: null };
  return [
    ...textEdit(pointer(at, 'uri'), now.path, wanted.path),
    ...textEdit(pointer(at, 'authority'), now.authority, wanted.authority),
    ...(wanted.code === now.code
      ? []
      : wanted.code === null
        ? [remove(pointer(at, 'redirectCode'))]
        : [set(pointer(at, 'redirectCode'), wanted.code)]),
    ...(rule.destinations.length > 0 ? [remove(pointer(rule.pointer, 'route'))] : []),
  ];
};

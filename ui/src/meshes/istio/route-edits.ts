/**
 * What a user does to the conditions of a VirtualService's rules, as edits of the document. Every function reads the route as it is and returns
 * the fewest edits that say it; an empty list means that there is nothing to do, or that it must not be done.
 */
import type { YamlEdit } from '../../wire/generated/types';
import { parentOf, pointer } from '../../lib/json';
import { insert, remove, set } from '../../lib/yaml-edits';
import type { Condition, How, Rule, Subject } from '../routing';
import { matchField } from './route';

/** A condition as the form holds it, before it has a place in the document. */
export type Wanted = Omit<Condition, 'pointer'>;

const conditionValue = ({ subject, how, value }: Wanted): unknown => {
  switch (matchField(subject).kind) {
    case 'string':
    case 'map':
      return how === 'present' ? {} : { [how]: value };
    case 'plain':
      return subject === 'port' && /^\d+$/.test(value) ? Number(value) : value;
    case 'labels':
    case 'list':
      return value;
  }
};

/** Whether a subject compares texts (and so knows exact, prefix and regex). */
export const comparesText = (subject: Subject): boolean => ['string', 'map'].includes(matchField(subject).kind);

export const needsName = (subject: Subject): boolean => ['map', 'labels'].includes(matchField(subject).kind);

export const hows = (subject: Subject): readonly How[] => {
  if (!comparesText(subject)) return ['is'];
  return matchField(subject).kind === 'map' ? ['exact', 'prefix', 'regex', 'present'] : ['exact', 'prefix', 'regex'];
};

/** Adds a condition that has to hold as well (`match` is an index), or an alternative of its own (`match` is null). */
export const addCondition = (rule: Rule, match: number | null, wanted: Wanted): YamlEdit[] => {
  const { field } = matchField(wanted.subject);
  const at = match === null ? undefined : rule.matches[match];
  if (at) return [placed(at.pointer, at.conditions, wanted)];
  const value = conditionValue(wanted);
  const kind = matchField(wanted.subject).kind;
  const inner = kind === 'list' ? [value] : needsName(wanted.subject) ? { [wanted.name]: value } : value;
  const block = { [field]: inner };
  return rule.matches.length === 0
    ? [set(pointer(rule.pointer, 'match'), [block])]
    : [insert(pointer(rule.pointer, 'match', '-'), block)];
};

const placed = (match: string, conditions: readonly Condition[], wanted: Wanted): YamlEdit => {
  const { field, kind } = matchField(wanted.subject);
  const value = conditionValue(wanted);
  if (kind === 'list') {
    const isFirst = !conditions.some(({ subject }) => subject === wanted.subject);
    return isFirst ? set(pointer(match, field), [value]) : insert(pointer(match, field, '-'), value);
  }
  return set(needsName(wanted.subject) ? pointer(match, field, wanted.name) : pointer(match, field), value);
};

/** Replaces a condition. One that keeps its subject and name is changed in place. */
export const setCondition = (rule: Rule, match: number, index: number, wanted: Wanted): YamlEdit[] => {
  const block = rule.matches[match];
  const now = block?.conditions[index];
  if (!block || !now) return [];
  if (now.subject === wanted.subject && now.name === wanted.name) {
    return now.how === wanted.how && now.value === wanted.value ? [] : [set(now.pointer, conditionValue(wanted))];
  }
  const rest = block.conditions.filter((condition) => condition !== now);
  const isShared = rest.some((other) => parentOf(other.pointer) === parentOf(now.pointer));
  return [placed(block.pointer, rest, wanted), removal(now, isShared || wanted.subject === now.subject)];
};

/** Without a condition, its empty match goes too: an empty match would catch all. */
export const removeCondition = (rule: Rule, match: number, index: number): YamlEdit[] => {
  const block = rule.matches[match];
  const now = block?.conditions[index];
  if (!block || !now) return [];
  if (block.conditions.length === 1 && block.kept.length === 0) return removeMatch(rule, match);
  const isShared = block.conditions.some(
    (other) => other !== now && parentOf(other.pointer) === parentOf(now.pointer) && other.subject === now.subject,
  );
  return [removal(now, isShared)];
};

/** Removes the field, and its map or list too where nothing else is in it. */
const removal = (condition: Condition, isShared: boolean): YamlEdit => {
  const isNested = !['string', 'plain'].includes(matchField(condition.subject).kind);
  return remove(isNested && !isShared ? parentOf(condition.pointer) : condition.pointer);
};

export const removeMatch = (rule: Rule, match: number): YamlEdit[] => {
  const block = rule.matches[match];
  if (!block) return [];
  return [remove(rule.matches.length === 1 ? pointer(rule.pointer, 'match') : block.pointer)];
};

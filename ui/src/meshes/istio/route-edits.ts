/**
 * What a user does to a route, as edits of the documents. Every function reads the route as it is and returns the
 * fewest edits that say it; an empty list means that there is nothing to do, or that it must not be done.
 */
import type { YamlEdit } from '../../wire/generated/types';
import { parentOf, pointer } from '../../lib/json';
import { insert, move, remove, set } from '../../lib/yaml-edits';
import { matchField } from './route';
import type { Condition, How, Route, Rule, Subject } from './route';
import { targetEdits, targetValue } from './target-edits';
import type { Target } from './target-edits';
import { moveWeight, normalised, withoutWeight } from './weights';

const weightsOf = (rule: Rule): (number | null)[] => rule.destinations.map(({ weight }) => weight);

/** Only the weights that become another number are written. */
const writeWeights = (rule: Rule, wanted: readonly number[]): YamlEdit[] =>
  rule.destinations.flatMap((destination, index) => {
    const weight = wanted[index];
    return weight === undefined || weight === destination.weight
      ? []
      : [set(pointer(destination.pointer, 'weight'), weight)];
  });

/** Sets one weight; the others follow by the rule of `weights.ts`. */
export const setWeight = (rule: Rule, index: number, wanted: number, pinned?: ReadonlySet<number>): YamlEdit[] =>
  rule.destinations.length < 2 ? [] : writeWeights(rule, moveWeight(weightsOf(rule), index, wanted, pinned));

/** Writes all weights at once, for a drag of the split bar or for "even". */
export const setWeights = (rule: Rule, wanted: readonly number[]): YamlEdit[] => writeWeights(rule, normalised(wanted));

/** A new destination starts with nothing: adding it moves no request. */
export const addDestination = (rule: Rule, target: Target): YamlEdit[] => {
  if (rule.destinations.length === 0) return [set(pointer(rule.pointer, 'route'), [{ destination: targetValue(target) }])];
  return [
    ...writeWeights(rule, normalised(weightsOf(rule))),
    insert(pointer(rule.pointer, 'route', '-'), { destination: targetValue(target), weight: 0 }),
  ];
};

/** The last destination cannot go: a rule has to send its requests somewhere. */
export const removeDestination = (rule: Rule, index: number): YamlEdit[] => {
  const gone = rule.destinations[index];
  if (!gone || rule.destinations.length < 2) return [];
  const rest = withoutWeight(weightsOf(rule), index);
  const wanted = rule.destinations.map((_, at) => (at === index ? undefined : rest[at < index ? at : at - 1]));
  const weights = rule.destinations.flatMap((destination, at) => {
    const weight = wanted[at];
    return weight === undefined || weight === destination.weight ? [] : [set(pointer(destination.pointer, 'weight'), weight)];
  });
  return [...weights, remove(gone.pointer)];
};

/** Sends a destination's part to another host, subset or port. */
export const setTarget = (rule: Rule, index: number, target: Target): YamlEdit[] => {
  const now = rule.destinations[index];
  return now ? targetEdits(pointer(now.pointer, 'destination'), now, target) : [];
};

/**
 * A new rule goes before the first rule that catches all, since behind it nothing would ever reach it. It starts as a
 * copy of where requests go now, by a header that nobody sends yet: adding it moves nothing and hides no rule.
 */
export const addRule = (route: Route, host: string): YamlEdit[] => {
  const catchAll = route.rules.findIndex(catchesAll);
  const model = route.rules[catchAll] ?? route.rules.at(-1);
  const destinations = model?.destinations.map((destination) => ({
    destination: targetValue(destination),
    ...(destination.weight === null ? {} : { weight: destination.weight }),
  }));
  const targets = destinations?.length ? destinations : [{ destination: { host } }];
  if (route.rules.length === 0) return [set('/spec/http', [{ route: targets }])];
  const rule = { match: [{ headers: { 'x-canary': { exact: 'true' } } }], route: targets };
  return [insert(pointer('/spec/http', catchAll < 0 ? '-' : catchAll), rule)];
};

export const catchesAll = (rule: Rule): boolean =>
  rule.matches.length === 0 || rule.matches.some(({ conditions, kept }) => conditions.length + kept.length === 0);

export const removeRule = (route: Route, index: number): YamlEdit[] => {
  const rule = route.rules[index];
  if (!rule) return [];
  return [remove(route.rules.length === 1 ? '/spec/http' : rule.pointer)];
};

export const moveRule = (route: Route, from: number, to: number): YamlEdit[] => {
  const rule = route.rules[from];
  return !rule || from === to || to < 0 || to >= route.rules.length ? [] : [move(rule.pointer, to)];
};

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

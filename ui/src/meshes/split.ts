/**
 * What a user does to the rules of a route and to where they send requests, as edits of the document. Every function reads the route as it is
 * and returns the fewest edits that say it; an empty list means that there is nothing to do, or that it must not be done.
 */
import type { YamlEdit } from '../wire/generated/types';
import { pointer } from '../lib/json';
import { insert, move, remove, set } from '../lib/yaml-edits';
import type { Dialect, Route, Rule, Target } from './routing';
import { moveWeight, normalised, withoutWeight } from './weights';

const weightsOf = (rule: Rule): (number | null)[] => rule.destinations.map(({ weight }) => weight);

/** Only the weights that become another number are written. */
const writeWeights = (rule: Rule, wanted: readonly (number | undefined)[]): YamlEdit[] =>
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
export const addDestination = (dialect: Dialect, rule: Rule, target: Target): YamlEdit[] => {
  const list = pointer(rule.pointer, dialect.destinations);
  if (rule.destinations.length === 0) return [set(list, [dialect.item(target, null)])];
  return [...writeWeights(rule, normalised(weightsOf(rule))), insert(pointer(list, '-'), dialect.item(target, 0))];
};

/** The last destination cannot go: a rule has to send its requests somewhere. */
export const removeDestination = (rule: Rule, index: number): YamlEdit[] => {
  const gone = rule.destinations[index];
  if (!gone || rule.destinations.length < 2) return [];
  const rest = withoutWeight(weightsOf(rule), index);
  const wanted = rule.destinations.map((_, at) => (at === index ? undefined : rest[at < index ? at : at - 1]));
  return [...writeWeights(rule, wanted), remove(gone.pointer)];
};

/** Sends a destination's part to another host, subset or port. */
export const setTarget = (dialect: Dialect, rule: Rule, index: number, target: Target): YamlEdit[] => {
  const now = rule.destinations[index];
  return now ? dialect.retarget(now, target) : [];
};

/**
 * A new rule goes before the first rule that catches all, since behind it nothing would ever reach it where order decides. It starts as a
 * copy of where requests go now, by a header that nobody sends yet: adding it moves nothing and hides no rule.
 */
export const addRule = (dialect: Dialect, route: Route, host: string): YamlEdit[] => {
  const catchAll = route.rules.findIndex(catchesAll);
  const model = route.rules[catchAll] ?? route.rules.at(-1);
  const copied = model?.destinations.map((destination) => dialect.item(destination, destination.weight));
  const targets = copied?.length ? copied : [dialect.item({ host, subset: '', port: null }, null)];
  if (route.rules.length === 0) return [set(dialect.rules, [{ [dialect.destinations]: targets }])];
  return dialect.fresh ? [insert(pointer(dialect.rules, catchAll < 0 ? '-' : catchAll), dialect.fresh(targets))] : [];
};

export const catchesAll = (rule: Rule): boolean =>
  rule.matches.length === 0 || rule.matches.some(({ conditions, kept }) => conditions.length + kept.length === 0);

export const removeRule = (dialect: Dialect, route: Route, index: number): YamlEdit[] => {
  const rule = route.rules[index];
  if (!rule) return [];
  return [remove(route.rules.length === 1 ? dialect.rules : rule.pointer)];
};

export const moveRule = (route: Route, from: number, to: number): YamlEdit[] => {
  const rule = route.rules[from];
  return !rule || from === to || to < 0 || to >= route.rules.length ? [] : [move(rule.pointer, to)];
};

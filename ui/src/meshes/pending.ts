/**
 * What waits in the tray, against what is live: the old value of a field, found by what the rule and the destination
 * are, not by their place, so that a rule put in front does not mark all that follow.
 */
import type { Destination, Match, Route, Rule } from './routing';

/** An old value to cross out; null where nothing changed. `isNew` where the thing itself was not there. */
export interface Was<T> {
  value: T | null;
  isNew: boolean;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const conditionsOf = (matches: readonly Match[]): unknown =>
  matches.map(({ conditions }) => conditions.map(({ subject, name, how, value }) => [subject, name, how, value]));

/** The live rule that this one was. */
export const liveRule = (live: Route | null, rule: Rule, index: number): Rule | null => {
  if (!live) return null;
  const named = rule.name === '' ? undefined : live.rules.find(({ name }) => name === rule.name);
  const matching = live.rules.find((other) => same(conditionsOf(other.matches), conditionsOf(rule.matches)));
  return named ?? matching ?? live.rules[index] ?? null;
};

export const liveDestination = (live: Rule | null, destination: Destination): Destination | null =>
  live?.destinations.find(
    ({ host, subset, port }) => host === destination.host && subset === destination.subset && port === destination.port,
  ) ?? null;

/** How a destination's share changes. */
export const shareWas = (live: Rule | null, destination: Destination): Was<number> | null => {
  if (!live) return null;
  const was = liveDestination(live, destination);
  if (!was) return { value: null, isNew: true };
  return Math.round(was.share * 10) === Math.round(destination.share * 10) ? null : { value: was.share, isNew: false };
};

/** How any other part of a rule changes, in the words that the form shows for it. */
export const partWas = (live: Rule | null, rule: Rule, words: (rule: Rule) => string): Was<string> | null => {
  if (!live) return null;
  const was = words(live);
  return was === words(rule) ? null : { value: was === '' ? null : was, isNew: was === '' };
};

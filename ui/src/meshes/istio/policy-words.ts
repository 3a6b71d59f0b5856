/**
 * What a policy says, as parts of a sentence without a language: `Only productpage may GET /reviews/* on reviews`.
 * The page puts the words to them.
 */
import type { AuthorizationRules, Block, PolicyRule, Values } from './policy';

export interface Clause {
  /** Callers; empty means everybody. Alternatives. */
  who: Phrase[];
  /** What they ask for; empty means anything. Alternatives. */
  what: Phrase[];
  /** Conditions that all have to hold. */
  when: { key: string; values: string[]; isNot: boolean }[];
}

/** All of its parts hold together. */
export type Phrase = Part[];

export interface Part {
  field: Values['field'];
  isNot: boolean;
  values: string[];
}

export type Says =
  | { kind: 'allow-nothing' }
  | { kind: 'allow-all' }
  | { kind: 'deny-nothing' }
  | { kind: 'deny-all' }
  | { kind: 'rules'; action: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM'; clauses: Clause[] };

const isEmpty = (rule: PolicyRule): boolean =>
  rule.from.length + rule.to.length + rule.when.length + rule.kept.length === 0;

/**
 * An ALLOW policy without rules matches no request, so nothing is allowed; with one empty rule it matches all.
 * (Istio, AuthorizationPolicy reference: "If not set, the match will never occur".)
 */
export const saysOf = (policy: AuthorizationRules): Says => {
  const action = (policy.action || 'ALLOW') as 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  const rules = policy.rules ?? [];
  if (action === 'ALLOW' && rules.length === 0) return { kind: 'allow-nothing' };
  if (action === 'ALLOW' && rules.some(isEmpty)) return { kind: 'allow-all' };
  if (action === 'DENY' && rules.length === 0) return { kind: 'deny-nothing' };
  if (action === 'DENY' && rules.some(isEmpty)) return { kind: 'deny-all' };
  return { kind: 'rules', action, clauses: rules.map(clauseOf) };
};

const clauseOf = (rule: PolicyRule): Clause => ({
  who: rule.from.map(phraseOf).filter((phrase) => phrase.length > 0),
  what: rule.to.map(phraseOf).filter((phrase) => phrase.length > 0),
  when: rule.when.map(({ key, values, notValues }) => ({
    key,
    values: values.length > 0 ? values : notValues,
    isNot: values.length === 0,
  })),
});

const phraseOf = (block: Block): Phrase =>
  block.lists.map(({ field, isNot, values }) => ({ field, isNot, values: values.map((value) => shortName(field, value)) }));

/** `cluster.local/ns/shop/sa/productpage` is `shop/productpage` to a reader. */
export const shortName = (field: Values['field'], value: string): string => {
  if (field !== 'principals') return value;
  const [, namespace, account] = /^[^/]*\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(value) ?? [];
  return namespace && account ? `${namespace}/${account}` : value;
};

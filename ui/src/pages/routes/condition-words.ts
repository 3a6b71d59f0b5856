import type { Condition, Rule } from '../../meshes/routing';
import { t } from './words';

/** A condition in a few signs: `end-user = jason`, `path /reviews*`. */
export function conditionText({ subject, name, how, value }: Condition): string {
  const what = name === '' ? t(subject) : subject === 'withoutHeader' ? `${t('withoutHeader')} ${name}` : name;
  switch (how) {
    case 'exact':
    case 'is':
      return subject === 'path' || subject === 'method' ? `${what} ${value}` : `${what} = ${value}`;
    case 'prefix':
      return `${what} ${value}*`;
    case 'regex':
      return `${what} ~ ${value}`;
    case 'present':
      return `${what} ${t('present')}`;
  }
}

/** All alternatives of a rule, each in one line; none for a rule that takes all. */
export const ruleTexts = (rule: Rule): string[] =>
  rule.matches.map(({ conditions, kept }) => [...conditions.map(conditionText), ...kept.map(({ name }) => name)].join(' · '));

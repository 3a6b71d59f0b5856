import type { SchemaProblem, YamlProblem } from '../../wire/generated/types';
import { partsOf, pointerOf } from '../json';
import type { Sheet } from './desk.svelte';
import { t } from './words';

/** What is wrong with a field, by its schema, in words. */
export function problemText({ path, fault, wanted }: SchemaProblem): string {
  const name = partsOf(path).at(-1) ?? '';
  switch (fault) {
    case 'unknown':
      return t('faultUnknown', { name });
    case 'type':
      return t('faultType', { name, wanted });
    case 'missing':
      return t('faultMissing', { name });
    case 'not-allowed':
      return t('faultNotAllowed', { name, wanted });
    case 'too-small':
      return t('faultTooSmall', { name, wanted });
    case 'too-large':
      return t('faultTooLarge', { name, wanted });
    case 'pattern':
      return t('faultPattern', { name, wanted });
    case 'both':
      return t('faultBoth', { wanted });
  }
}

/** Everything wrong with a text, with its lines: what does not read, what its schema refuses, what the rules find. */
export function problemsOf(sheet: Sheet): readonly YamlProblem[] {
  const own = sheet.reading?.problems ?? [];
  if (sheet.brokenAt !== null || !sheet.check) return own;
  const lines = sheet.text.split('\n').length;
  const bySchema = sheet.check.problems.map((problem): YamlProblem => ({ line: Math.min(problem.line, lines), column: 1, message: problemText(problem), zh: '', error: problem.fault !== 'unknown' }));
  const byRules = sheet.check.findings.map((finding): YamlProblem => ({ line: sheet.lineOf(pointerOf(finding.path)) ?? 1, column: 1, message: finding.message, zh: finding.zh, error: finding.level === 'error' }));
  return [...own, ...bySchema, ...byRules];
}

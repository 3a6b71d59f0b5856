import { expect, it } from 'vitest';
import { findings, rules } from '../../host/fixtures/truth';
import { fits, grouped, standing, textsOf } from './groups';

it('puts errors first, then the rule that is broken most often, each with its own words', () => {
  expect(grouped(findings.findings, rules).map(({ rule, level, card, findings: of }) => [rule, level, of.length, card?.rule === rule])).toEqual([
    ['envoyfilter-rejected', 'error', 1, true],
    ['route-to-missing-subset', 'error', 1, true],
    ['mtls-plaintext-caller', 'warning', 2, true],
    ['route-never-matches', 'warning', 1, true],
    ['selector-matches-nothing', 'warning', 1, true],
    ['sidecar-resources', 'info', 1, true],
  ]);
});

it('shows a finding whose rule the core does not describe', () => {
  expect(grouped(findings.findings.slice(0, 1), [])).toMatchObject([{ rule: 'route-to-missing-subset', card: undefined }]);
});

it('finds a code of another tool, a name and a word, all of them together', () => {
  const [first] = findings.findings;
  if (!first) throw new Error('the fixture has findings');
  expect(fits('kia1107', textsOf(first))).toBe(true);
  expect(fits('prod/catalog SUBSET', textsOf(first))).toBe(true);
  expect(fits('子集 V9', textsOf(first))).toBe(true);
  expect(fits('kia1107 nowhere', textsOf(first))).toBe(false);
  expect(fits('', textsOf(first))).toBe(true);
});

it('tells what was found from what is quiet and from what could not be asked', () => {
  expect(standing('mtls-plaintext-caller', findings.findings, [])).toEqual({ state: 'found', n: 2 });
  expect(standing('callers-denied', findings.findings, [{ about: 'callers-denied', aboutZh: '', because: 'no traffic was seen', zh: '' }])).toEqual({ state: 'unknown', because: 'no traffic was seen' });
  expect(standing('callers-denied', findings.findings, [])).toEqual({ state: 'quiet' });
});

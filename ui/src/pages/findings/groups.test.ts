import { expect, it } from 'vitest';
import { findings, rules } from '../../host/fixtures/truth';
import { grouped } from './groups';

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

import type { Finding, Level, RuleCard } from '../../wire/generated/types';

/** The findings of one rule, with what the rule says of itself. */
export type Group = { readonly rule: string; readonly level: Level; readonly card: RuleCard | undefined; readonly findings: readonly Finding[] };

const RANK: Readonly<Record<Level, number>> = { error: 0, warning: 1, info: 2 };

/** By rule: errors first, then the rule that is broken most often. */
export function grouped(findings: readonly Finding[], rules: readonly RuleCard[]): Group[] {
  const byRule = new Map<string, Finding[]>();
  for (const finding of findings) byRule.set(finding.rule, [...(byRule.get(finding.rule) ?? []), finding]);
  return [...byRule]
    .map(([rule, of]): Group => ({ rule, level: worst(of), card: rules.find((card) => card.rule === rule), findings: of }))
    .sort((a, b) => RANK[a.level] - RANK[b.level] || b.findings.length - a.findings.length || a.rule.localeCompare(b.rule));
}

const worst = (findings: readonly Finding[]): Level => findings.map(({ level }) => level).sort((a, b) => RANK[a] - RANK[b])[0] ?? 'info';

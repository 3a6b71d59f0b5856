import { said } from '../../i18n/said';
import type { Finding, ForeignCode, Level, RuleCard, Unknown } from '../../wire/generated/types';

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

export type Said = { readonly what: string; readonly why: string; readonly fix: string };

/** What a rule says, in a language. */
export const saying = (card: RuleCard, language: 'en' | 'zh'): Said => (language === 'zh' ? card.zh : card);

/** What a foreign code says, in a language. */
export const foreignSaying = (code: ForeignCode, language: 'en' | 'zh'): { readonly what: string; readonly because: string } => (language === 'zh' ? code.zh : code);

/** Whether all words of a search stand somewhere in these texts; capitals do not matter. */
export function fits(search: string, texts: readonly string[]): boolean {
  const all = texts.join(' ').toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

/** What a search looks at in a finding. */
export const textsOf = (finding: Finding): string[] => [
  finding.rule,
  ...finding.aliases,
  finding.kind,
  `${finding.namespace}/${finding.name}`,
  finding.path,
  finding.message,
  finding.zh,
];

/** How a rule stands in this cluster. */
export type Standing = { readonly state: 'found'; readonly n: number } | { readonly state: 'quiet' } | { readonly state: 'unknown'; readonly because: string };

export function standing(rule: string, findings: readonly Finding[], unknown: readonly Unknown[]): Standing {
  const n = findings.filter((finding) => finding.rule === rule).length;
  const why = unknown.find(({ about }) => about === rule);
  if (n > 0) return { state: 'found', n };
  return why === undefined ? { state: 'quiet' } : { state: 'unknown', because: said(why) };
}

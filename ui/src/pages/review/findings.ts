import type { Finding } from '../../wire/generated/types';

/** Findings that say the same, once, with the places that they say it of. */
export function together(findings: readonly Finding[]): { readonly finding: Finding; readonly places: readonly string[] }[] {
  const groups = new Map<string, { finding: Finding; places: string[] }>();
  for (const finding of findings) {
    const key = `${finding.rule} ${finding.message}`;
    const group = groups.get(key) ?? { finding, places: [] };
    group.places.push(`${finding.kind} ${finding.name}`);
    groups.set(key, group);
  }
  return [...groups.values()];
}

import type { KindCard, ObjectRef, ObjectRow } from '../../wire/generated/types';
import { summaryOf } from '../../meshes/summary';

/** A kind with how many objects of it there are. */
export type KindCount = KindCard & { readonly key: string; readonly count: number; readonly findings: number };

export const kindKey = ({ group, kind }: Pick<ObjectRef, 'group' | 'kind'>): string => `${group}/${kind}`;
export const objectKey = ({ group, kind, namespace, name }: ObjectRef): string => `${group}/${kind}/${namespace}/${name}`;

/** The kinds by mesh, in the order of the core; those with objects keep their place, so that the eye finds them again. */
export function kindGroups(kinds: readonly KindCard[], rows: readonly ObjectRow[]): ReadonlyMap<string, readonly KindCount[]> {
  const of = new Map<string, ObjectRow[]>();
  for (const row of rows) of.set(kindKey(row.object), [...(of.get(kindKey(row.object)) ?? []), row]);
  const groups = new Map<string, KindCount[]>();
  for (const kind of kinds) {
    const own = of.get(kindKey(kind)) ?? [];
    const counted = { ...kind, key: kindKey(kind), count: own.length, findings: own.reduce((sum, { findings }) => sum + findings, 0) };
    groups.set(kind.mesh, [...(groups.get(kind.mesh) ?? []), counted]);
  }
  return groups;
}

export interface Wanted {
  readonly search: string;
  /** `group/kind`, or empty for all. */
  readonly kind: string;
  readonly namespace: string;
}

/** Rows that fit: every word of the search has to be in what the row shows. */
export function fitting(rows: readonly ObjectRow[], { search, kind, namespace }: Wanted): readonly ObjectRow[] {
  const parts = search.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const { object, owner, hosts } = row;
    if ((kind !== '' && kindKey(object) !== kind) || (namespace !== '' && object.namespace !== namespace)) return false;
    const text = [object.kind, object.group, object.namespace, object.name, summaryOf(row), owner, ...hosts].join(' ').toLowerCase();
    return parts.every((part) => text.includes(part));
  });
}

/** The text that is there most often; empty for none. */
export function mostOf(texts: readonly string[]): string {
  const many = new Map<string, number>();
  for (const text of texts.filter(Boolean)) many.set(text, (many.get(text) ?? 0) + 1);
  return [...many].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

import type { Amount, ResourceRow } from '../../wire/generated/types';

/** Sums of what the core measured; nothing is decided here. Unknown plus known is what is known. */
const add = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b);
const sum = (a: Amount, b: Amount): Amount => ({ cpu: add(a.cpu, b.cpu), memory: add(a.memory, b.memory) });
const NONE: Amount = { cpu: null, memory: null };

/** One line of the table: a workload, or a namespace with all of its workloads. */
export type CostRow = Pick<ResourceRow, 'namespace' | 'proxies' | 'used' | 'requested' | 'limited' | 'app' | 'saving'> & {
  readonly key: string;
  readonly name: string;
  readonly row: ResourceRow | null;
  /** How many of its workloads would fit better otherwise. */
  readonly advised: number;
};

export const keyOf = ({ namespace, workload }: ResourceRow): string => `${namespace}/${workload}`;

export const ofWorkload = (row: ResourceRow): CostRow => ({
  ...row,
  key: keyOf(row),
  name: row.workload,
  row,
  advised: row.advice ? 1 : 0,
});

export function byNamespace(rows: readonly ResourceRow[]): CostRow[] {
  const names = [...new Set(rows.map(({ namespace }) => namespace))];
  return names.map((namespace) => ({ ...total(rows.filter((row) => row.namespace === namespace)), namespace, key: namespace, name: namespace, row: null }));
}

/** The meshes there are, with their proxies, the largest first. */
export function byMesh(rows: readonly ResourceRow[]): { mesh: string; proxies: number }[] {
  const meshes = new Map<string, number>();
  for (const { mesh, proxies } of rows) meshes.set(mesh, (meshes.get(mesh) ?? 0) + proxies);
  return [...meshes].map(([mesh, proxies]) => ({ mesh, proxies })).sort((a, b) => b.proxies - a.proxies);
}

export function total(rows: readonly ResourceRow[]): Omit<CostRow, 'namespace' | 'key' | 'name' | 'row'> {
  const of = (pick: (row: ResourceRow) => Amount): Amount => rows.map(pick).reduce(sum, NONE);
  return {
    proxies: rows.reduce((n, row) => n + row.proxies, 0),
    used: of((row) => row.used),
    requested: of((row) => row.requested),
    limited: of((row) => row.limited),
    app: of((row) => row.app),
    saving: of((row) => row.saving),
    advised: rows.filter((row) => row.advice !== null).length,
  };
}

/** What the proxies use beside what the workloads use; null where either is unknown. */
export const share = (used: number | null, app: number | null): number | null => (used === null || app === null || app === 0 ? null : used / app);

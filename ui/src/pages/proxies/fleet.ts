import { said } from '../../i18n/said';
import type { ControlPlane, ProxyRow } from '../../wire/generated/types';

/** How the fleet is looked at: all of it stands in the address, so that back, reload and a saved view show the same. */
export const GROUPS = ['', 'namespace', 'workload', 'why', 'plane', 'version', 'role', 'mesh'] as const;
export type GroupBy = (typeof GROUPS)[number];

export const groupBy = (value: string | undefined): GroupBy => GROUPS.find((group) => group === value) ?? '';

/** The name of a row's group; `none` stands for what it does not have. */
export function groupOf(row: ProxyRow, by: GroupBy, none: string): string {
  switch (by) {
    case '':
      return '';
    case 'namespace':
      return row.namespace;
    case 'workload':
      return `${row.namespace}/${row.workload}`;
    case 'why':
      return row.ills[0]?.code ?? none;
    case 'plane':
      return row.controlPlane || none;
    case 'version':
      return row.version || none;
    case 'role':
      return row.role;
    case 'mesh':
      return row.mesh;
  }
}

export const isIll = (row: ProxyRow): boolean => row.health === 'bad' || row.health === 'warn' || row.health === 'unknown';

/** Every word must stand somewhere in the row. */
export function matches(row: ProxyRow, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const ills = row.ills.map((ill) => `${ill.code} ${ill.evidence.map(said).join(' ')} ${ill.object?.name ?? ''}`).join(' ');
  const text = `${row.pod} ${row.namespace} ${row.workload} ${row.mesh} ${row.role} ${row.version} ${row.controlPlane} ${row.diagnosis} ${ills}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The types that are behind or refused. */
export const troubled = (row: ProxyRow): readonly string[] => row.types.filter(({ state }) => state === 'error' || state === 'stale').map(({ name }) => name);

/** Whether what a row says of synchronisation was asked for over xDS. */
export const isOverXds = (planes: readonly ControlPlane[], row: ProxyRow): boolean =>
  planes.some(({ name, overXds }) => overXds && name === row.controlPlane);

import { byWork, isSystem } from '../map/namespaces';
import type { Matrix, MatrixCell, MatrixColumn, MatrixRequest } from '../../wire/generated/types';

/** What becomes of calls, in one sign: `part` where some requests of one caller get through and others do not, or not at every workload; `mixed` where its callers differ. */
export type Sign = 'mtls' | 'plain' | 'denied' | 'part' | 'unknown' | 'none' | 'mixed';

const SERVED: readonly MatrixCell['outcome'][] = ['forwarded', 'direct', 'redirected', 'aborted'];
const REFUSED: readonly MatrixCell['outcome'][] = ['denied', 'refused', 'blocked'];

export function signOf({ outcome, secured, lost }: Pick<MatrixCell, 'outcome' | 'secured' | 'lost'>): Exclude<Sign, 'mixed'> {
  if (lost.length > 0) return 'part';
  if (SERVED.includes(outcome)) return secured === 'mtls' ? 'mtls' : secured === 'unknown' ? 'unknown' : 'plain';
  if (REFUSED.includes(outcome)) return 'denied';
  return outcome === 'unknown' ? 'unknown' : 'none';
}

/** Some of what a caller could ask gets through, and some does not. */
export function isPart(requests: readonly MatrixRequest[]): boolean {
  const served = requests.filter(({ outcome }) => SERVED.includes(outcome)).length;
  return (served > 0 && served < requests.length) || requests.some(({ lost }) => lost.length > 0);
}

/** The sign of all that a caller could ask of a service. */
export const signOfCell = (cell: Pick<MatrixCell, 'outcome' | 'secured' | 'lost' | 'requests'>): Sign => (isPart(cell.requests) ? 'part' : signOf(cell));

/** `POST /reserve x-team: a` */
export const requestName = ({ method, path, headers }: MatrixRequest['asked']): string => [method, path, ...headers].join(' ');

/** A row or column on screen: one member, or a namespace that is folded, or the head of one that is not. */
export interface Line {
  readonly key: string;
  readonly namespace: string;
  /** Empty for a namespace. */
  readonly name: string;
  /** Which rows or columns of the matrix it stands for. */
  readonly members: readonly number[];
  readonly isOpen: boolean;
}

/** The lines of one side: a namespace each, with its members below where it is open. */
export function linesOf(items: readonly { readonly namespace: string; readonly name: string }[], open: ReadonlySet<string>): readonly Line[] {
  const groups = new Map<string, number[]>();
  items.forEach(({ namespace }, at) => groups.set(namespace, [...(groups.get(namespace) ?? []), at]));
  return [...groups].sort(([a], [b]) => byWork(a, b)).flatMap(([namespace, members]) => {
    const isOpen = open.has(namespace);
    const head: Line = { key: namespace, namespace, name: '', members, isOpen };
    return isOpen ? [head, ...members.map((at): Line => ({ key: `${namespace}/${items[at]?.name ?? ''}`, namespace, name: items[at]?.name ?? '', members: [at], isOpen: false }))] : [head];
  });
}

/** The namespaces that show what is in them at first: those that people work in, the busiest first, as long as so many cells are not passed. */
export function unfolded({ rows, columns, cells }: Matrix, most: number): ReadonlySet<string> {
  const busy = new Map<string, number>();
  const all = [...new Set([...rows, ...columns].map(({ namespace }) => namespace))];
  cells.forEach(({ requestsPerSecond }, at) => {
    const ends = new Set([rows[Math.floor(at / columns.length)]?.namespace ?? '', columns[at % columns.length]?.namespace ?? '']);
    for (const end of ends) busy.set(end, (busy.get(end) ?? 0) + requestsPerSecond);
  });
  const worked = all.filter((namespace) => !isSystem(namespace));
  const wanted = (worked.length > 0 ? worked : all).sort((a, b) => (busy.get(b) ?? 0) - (busy.get(a) ?? 0) || a.localeCompare(b));
  const open = new Set<string>();
  let [high, wide] = [0, 0];
  for (const namespace of wanted) {
    const of = ({ namespace: one }: { readonly namespace: string }): boolean => one === namespace;
    const [more, across] = [rows.filter(of).length, columns.filter(of).length];
    if ((high + more) * (wide + across) > most) continue;
    open.add(namespace);
    [high, wide] = [high + more, wide + across];
  }
  return open;
}

/** How many pairs there would be within each namespace that has any, those that people work in first: whoever and whatever is outside is in each of them. */
export function pairsWithin({ rows, columns }: Matrix): readonly { readonly namespace: string; readonly pairs: number }[] {
  const callers = new Map<string, number>();
  for (const { namespace } of rows) callers.set(namespace, (callers.get(namespace) ?? 0) + 1);
  const ports = new Map<string, number>();
  for (const column of columns) ports.set(column.namespace, (ports.get(column.namespace) ?? 0) + column.ports.length);
  const [strangers, hosts] = [callers.get('') ?? 0, ports.get('') ?? 0];
  const inside = [...ports].filter(([namespace]) => namespace !== '' && callers.has(namespace));
  const all = inside.map(([namespace, across]) => ({ namespace, pairs: (across + hosts) * ((callers.get(namespace) ?? 0) + strangers) }));
  return all.filter(({ pairs }) => pairs > 0).sort((a, b) => byWork(a.namespace, b.namespace));
}

/** Columns as they are named: a service, with its ports where they do not agree. */
export const columnNames = (columns: readonly MatrixColumn[]): readonly { readonly namespace: string; readonly name: string }[] =>
  columns.map(({ namespace, service, ports }) => {
    const isOne = columns.filter((other) => other.namespace === namespace && other.service === service).length === 1;
    return { namespace, name: isOne ? service : `${service}:${ports.join(',')}` };
  });

/** Everything in one place of the screen, as one. */
export interface Place {
  readonly sign: Sign;
  readonly count: number;
  readonly denied: number;
  /** Pairs of which some requests get through and others do not. */
  readonly part: number;
  readonly perSecond: number;
  readonly deniedPerSecond: number;
  /** The only cell, where there is one. */
  readonly cell: MatrixCell | null;
}

export function placeOf(matrix: Matrix, row: Line, column: Line): Place {
  const cells = row.members.flatMap((r) => column.members.flatMap((c) => matrix.cells[r * matrix.columns.length + c] ?? []));
  const all = cells.map(signOfCell);
  const signs = [...new Set(all)];
  return {
    sign: signs.length === 1 ? (signs[0] ?? 'unknown') : 'mixed',
    count: cells.length,
    denied: all.filter((sign) => sign === 'denied').length,
    part: all.filter((sign) => sign === 'part').length,
    perSecond: cells.reduce((sum, cell) => sum + cell.requestsPerSecond, 0),
    deniedPerSecond: cells.reduce((sum, cell) => sum + cell.deniedPerSecond, 0),
    cell: cells.length === 1 ? (cells[0] ?? null) : null,
  };
}

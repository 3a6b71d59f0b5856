import type { Column } from '../../design/table';

/** Always there: a row without them is nobody's. */
export const FIXED: readonly string[] = ['health', 'proxy'];
/** Between two columns, and at both ends of a row, in px. */
const GAP = 12;
const ENDS = 28;

/** The columns that somebody chose, by the address; null where they come and go with the room there is. */
export function chosen(param: string | undefined): ReadonlySet<string> | null {
  return param ? new Set([...FIXED, ...param.split(',')]) : null;
}

/** As the address has it, in the order of the columns. */
export function toParam<Row>(columns: readonly Column<Row>[], set: ReadonlySet<string>): string {
  const names = columns.map(({ id }) => id).filter((id) => set.has(id) && !FIXED.includes(id));
  return names.length > 0 ? names.join(',') : FIXED.join(',');
}

/** Those that were chosen, however narrow the table is: it scrolls sideways for them. */
export function those<Row>(columns: readonly Column<Row>[], set: ReadonlySet<string> | null): readonly Column<Row>[] {
  return set === null ? columns : columns.filter(({ id }) => set.has(id)).map((column) => ({ ...column, from: 0 }));
}

/** How wide a row is at least, in px, when each column is as narrow as it may be. */
export function narrowest<Row>(columns: readonly Column<Row>[]): number {
  const least = (width: string): number => Number(/(\d+)px/.exec(width)?.[1] ?? 0);
  return columns.reduce((sum, { width }) => sum + least(width) + GAP, ENDS - GAP);
}

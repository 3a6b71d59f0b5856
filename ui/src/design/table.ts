import type { Snippet } from 'svelte';

/** A column of a `Table`. */
export type Column<Row> = {
  readonly id: string;
  readonly title: string;
  /** Its title read aloud, where none is shown. */
  readonly said?: string;
  /** A CSS grid track: `120px`, `minmax(140px, 2fr)`. */
  readonly width: string;
  /** Left out where the table is narrower than so many px: its row says the rest when it is opened. */
  readonly from?: number;
  readonly align?: 'start' | 'end';
  /** What to sort by; a column without it cannot be sorted. Null sorts last, in both directions: unknown is not small. */
  readonly sort?: (row: Row) => string | number | null;
  readonly cell: Snippet<[Row]>;
};

/** The columns that have room in so many px; all of them while that is not known (0). */
export function roomFor<Row>(columns: readonly Column<Row>[], width: number): readonly Column<Row>[] {
  return width === 0 ? columns : columns.filter(({ from = 0 }) => from <= width);
}

export type Order = { readonly column: string; readonly down: boolean };

/** Sorted by a column; rows that are equal there keep their order. */
export function sorted<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | null): readonly Row[] {
  const by = columns.find((column) => column.id === order?.column)?.sort;
  if (!order || !by) return rows;
  const sign = order.down ? -1 : 1;
  return [...rows].sort((a, b) => compare(by(a), by(b), sign));
}

function compare(a: string | number | null, b: string | number | null, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * NAMES.compare(String(a), String(b));
}

/** Made once: `localeCompare` with options makes one for each pair. */
const NAMES = new Intl.Collator(undefined, { numeric: true });

/** What a table shows in one line: a row, or the head of a group. */
export type Item<Row> = { readonly row: Row; readonly group?: undefined } | { readonly row?: undefined; readonly group: string; readonly n: number };

/** Rows under a head for each group, the groups by name; rows keep their order within. Without groups each row stands alone. */
export function grouped<Row>(rows: readonly Row[], groupOf: ((row: Row) => string) | null): readonly Item<Row>[] {
  if (!groupOf) return rows.map((row) => ({ row }));
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = groupOf(row);
    const of = groups.get(name);
    if (of) of.push(row);
    else groups.set(name, [row]);
  }
  const names = [...groups.keys()].sort(NAMES.compare);
  return names.flatMap((group) => {
    const of = groups.get(group) ?? [];
    return [{ group, n: of.length }, ...of.map((row) => ({ row }))];
  });
}

import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { createRawSnippet } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expectAccessible } from '../lib/axe';
import { keys } from '../state/keys.svelte';
import Table from './Table.svelte';
import { grouped, roomFor, sorted, type Column } from './table';

type Row = { readonly name: string; readonly cpu: number | null };

/** As a snippet of a page is: the same element says another row's name when its place gets that row. */
const cell = createRawSnippet<[Row]>((row) => ({
  render: () => '<span></span>',
  setup: (element) => {
    $effect(() => {
      element.textContent = row().name;
    });
  },
}));
const columns: readonly Column<Row>[] = [
  { id: 'name', title: 'Name', width: '1fr', sort: (row) => row.name, cell },
  { id: 'cpu', title: 'CPU', width: '80px', align: 'end', sort: (row) => row.cpu, cell },
];
const rows: readonly Row[] = [
  { name: 'pod-10', cpu: 5 },
  { name: 'pod-2', cpu: null },
  { name: 'pod-1', cpu: 90 },
];
const names = (of: readonly Row[]): string[] => of.map((row) => row.name);

afterEach(cleanup);

describe('sorted', () => {
  it.each([
    ['as given', null, ['pod-10', 'pod-2', 'pod-1']],
    ['by name, numbers as numbers', { column: 'name', down: false }, ['pod-1', 'pod-2', 'pod-10']],
    ['by name, downwards', { column: 'name', down: true }, ['pod-10', 'pod-2', 'pod-1']],
    ['unknown last', { column: 'cpu', down: false }, ['pod-10', 'pod-1', 'pod-2']],
    ['unknown last, downwards too', { column: 'cpu', down: true }, ['pod-1', 'pod-10', 'pod-2']],
  ])('%s', (_, order, expected) => expect(names(sorted(rows, columns, order))).toEqual(expected));
});

describe('roomFor', () => {
  const some = columns.map((column) => (column.id === 'cpu' ? { ...column, from: 500 } : column));
  it.each([
    [0, ['name', 'cpu']],
    [499, ['name']],
    [500, ['name', 'cpu']],
  ])('%i px', (width, expected) => expect(roomFor(some, width).map(({ id }) => id)).toEqual(expected));
});

describe('grouped', () => {
  it('puts rows under the head of their group', () => {
    const items = grouped(rows, (row) => (row.cpu === null ? 'unknown' : 'known'));
    expect(items.map((item) => (item.group === undefined ? item.row.name : `${item.group} ${item.n}`))).toEqual(['known 2', 'pod-10', 'pod-1', 'unknown 1', 'pod-2']);
    expect(grouped(rows, null).map((item) => item.row?.name)).toEqual(names(rows));
  });
});

describe('Table', () => {
  const many = Array.from({ length: 10_000 }, (_, i): Row => ({ name: `pod-${i}`, cpu: i }));
  const show = (onopen = vi.fn<(row: Row) => void>(), of: readonly Row[] = many) => {
    render(Table<Row>, { label: 'Proxies', rows: of, columns, key: (row: Row) => row.name, onopen });
    return { onopen, grid: screen.getByRole('grid', { name: 'Proxies' }) };
  };

  it('is accessible, and says how many rows there are while it draws few', async () => {
    const { grid } = show();
    expect([grid.getAttribute('aria-rowcount'), screen.getAllByRole('row').length < 60]).toEqual(['10001', true]);
    await expectAccessible();
  });

  it('walks by J, K and the arrows, and opens by Enter', async () => {
    const { onopen, grid } = show();
    for (const key of ['j', 'j', 'k', 'j']) keys.handle(new KeyboardEvent('keydown', { key }));
    await fireEvent.keyDown(grid, { key: 'ArrowDown' });
    await fireEvent.keyDown(grid, { key: 'Enter' });
    expect(onopen).toHaveBeenCalledWith(many[2]);
  });

  it('walks past the heads of groups', async () => {
    const onopen = vi.fn<(row: Row) => void>();
    render(Table<Row>, { label: 'Proxies', rows, columns, key: (row: Row) => row.name, groupOf: (row: Row) => String(row.cpu === null), onopen });
    const grid = screen.getByRole('grid', { name: 'Proxies' });
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter']) await fireEvent.keyDown(grid, { key });
    expect(onopen).toHaveBeenCalledWith(rows[1]);
    await fireEvent.keyDown(grid, { key: 'Home' });
    await fireEvent.keyDown(grid, { key: 'Enter' });
    expect(onopen).toHaveBeenLastCalledWith(rows[0]);
    await expectAccessible();
  });

  it('keeps its cursor on the row when the order changes', async () => {
    const { grid } = show(undefined, rows);
    await fireEvent.keyDown(grid, { key: 'ArrowDown' });
    await fireEvent.click(screen.getByRole('button', { name: 'Name' }));
    const current = document.getElementById(grid.getAttribute('aria-activedescendant') ?? '');
    expect([current?.textContent?.includes('pod-10'), current?.getAttribute('aria-rowindex')]).toEqual([true, '4']);
    expect(screen.getByRole('columnheader', { name: 'Name' }).getAttribute('aria-sort')).toBe('ascending');
  });

  it('sorts by the keyboard: the head is one stop, the arrows go along it and down into the rows', async () => {
    const { grid } = show(undefined, rows);
    const head = (name: string): HTMLElement => screen.getByRole('button', { name });
    const stops = (): (string | null)[] => [head('Name'), head('CPU')].map((one) => one.getAttribute('tabindex'));
    expect(stops()).toEqual(['0', '-1']);
    head('Name').focus();
    await fireEvent.keyDown(head('Name'), { key: 'ArrowRight' });
    expect([document.activeElement, ...stops()]).toEqual([head('CPU'), '-1', '0']);
    await fireEvent.keyDown(head('CPU'), { key: 'End' });
    expect(grid.getAttribute('aria-activedescendant')).toBeNull();
    await fireEvent.click(head('CPU'));
    expect(screen.getByRole('columnheader', { name: 'CPU' }).getAttribute('aria-sort')).toBe('ascending');
    await fireEvent.keyDown(head('CPU'), { key: 'ArrowDown' });
    expect(document.activeElement).toBe(grid);
    expect(document.getElementById(grid.getAttribute('aria-activedescendant') ?? '')?.textContent).toContain('pod-10');
    await expectAccessible();
  });
});

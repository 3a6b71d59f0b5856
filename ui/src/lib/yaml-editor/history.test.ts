import { describe, expect, it } from 'vitest';
import { EMPTY, record, redo, undo } from './history';
import type { History } from './history';

const typed = (history: History, before: string, after: string, at: number): History =>
  record(history, { mark: 'type route', at, changes: [{ key: 'route', before, after }] });

describe('the history', () => {
  it('joins a run of typing, and parts after a pause', () => {
    const fast = typed(typed(EMPTY, 'a', 'ab', 0), 'ab', 'abc', 300);
    expect(fast.done).toHaveLength(1);
    expect(undo(fast)?.texts.get('route')).toBe('a');
    expect(typed(fast, 'abc', 'abcd', 5000).done).toHaveLength(2);
  });

  it('keeps steps without a mark apart', () => {
    const step = { mark: '', at: 0, changes: [{ key: 'route', before: 'a', after: 'b' }] };
    expect(record(record(EMPTY, step), { ...step, changes: [{ key: 'route', before: 'b', after: 'c' }] }).done).toHaveLength(2);
  });

  it('undoes two documents together, and redoes them', () => {
    const both = record(EMPTY, {
      mark: '',
      at: 0,
      changes: [
        { key: 'route', before: 'r0', after: 'r1' },
        { key: 'subsets', before: 's0', after: 's1' },
      ],
    });
    const back = undo(both);
    expect([...(back?.texts ?? [])]).toEqual([
      ['route', 'r0'],
      ['subsets', 's0'],
    ]);
    expect([...(redo(back?.history ?? EMPTY)?.texts ?? [])]).toEqual([
      ['route', 'r1'],
      ['subsets', 's1'],
    ]);
  });

  it('joins documents that a drag touches in turn', () => {
    const first = record(EMPTY, { mark: 'drag', at: 0, changes: [{ key: 'a', before: '1', after: '2' }] });
    const second = record(first, { mark: 'drag', at: 10, changes: [{ key: 'b', before: '5', after: '6' }] });
    expect([...(undo(second)?.texts ?? [])]).toEqual([
      ['a', '1'],
      ['b', '5'],
    ]);
  });

  it('forgets what was undone once something new is done, and nothing for no change', () => {
    const back = undo(typed(EMPTY, 'a', 'b', 0));
    expect(redo(typed(back?.history ?? EMPTY, 'a', 'c', 10))).toBeNull();
    expect(typed(EMPTY, 'a', 'a', 0)).toBe(EMPTY);
    expect(undo(EMPTY)).toBeNull();
  });

  it('does not join what was redone with what follows', () => {
    const again = redo(undo(typed(EMPTY, 'a', 'b', 0))?.history ?? EMPTY);
    expect(typed(again?.history ?? EMPTY, 'b', 'c', 100).done).toHaveLength(2);
  });
});

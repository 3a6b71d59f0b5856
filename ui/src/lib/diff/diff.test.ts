import { describe, expect, it } from 'vitest';
import type { DiffLine } from '../../wire/generated/types';
import { stretches } from './diff';

const same = (line: number): DiffLine => ({ side: 'same', line, text: `l${String(line)}` });
const kinds = (diff: DiffLine[]): [string, number][] => stretches(diff).map(({ kind, lines }) => [kind, lines.length]);

describe('the stretches of a diff', () => {
  it('folds what is far from a change', () => {
    const diff = [...Array.from({ length: 20 }, (_, at) => same(at + 1)), { side: 'after', line: 21, text: 'x' } as const, same(22)];
    expect(kinds(diff)).toEqual([
      ['folded', 16],
      ['lines', 6],
    ]);
  });

  it('does not fold a handful', () => {
    const diff = [...Array.from({ length: 7 }, (_, at) => same(at + 1)), { side: 'before', line: 8, text: 'x' } as const];
    expect(stretches(diff).every(({ kind }) => kind === 'lines')).toBe(true);
  });

  it('keeps every line in order', () => {
    const diff = [same(1), { side: 'before', line: 2, text: 'a' } as const, { side: 'after', line: 2, text: 'b' } as const, ...Array.from({ length: 12 }, (_, at) => same(at + 3))];
    expect(stretches(diff).flatMap(({ lines }) => lines)).toEqual(diff);
    expect(kinds([])).toEqual([]);
  });
});

import type { DiffLine } from '../../wire/generated/types';

/** A stretch of a diff: lines to show, or unchanged lines folded away. */
export type Stretch = { readonly kind: 'lines'; readonly lines: readonly DiffLine[] } | { readonly kind: 'folded'; readonly lines: readonly DiffLine[] };

const AROUND = 4;
const LEAST = 4;

/** Unchanged lines that are far from any change fold away. */
export function stretches(diff: readonly DiffLine[]): Stretch[] {
  const near = diff.map((_, at) => diff.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(({ side }) => side !== 'same'));
  const out: { kind: 'lines' | 'folded'; lines: DiffLine[] }[] = [];
  diff.forEach((line, at) => {
    const kind = near[at] ? 'lines' : 'folded';
    const last = out.at(-1);
    if (last?.kind === kind) last.lines.push(line);
    else out.push({ kind, lines: [line] });
  });
  return out.map((stretch) => (stretch.kind === 'folded' && stretch.lines.length < LEAST ? { kind: 'lines', lines: stretch.lines } : stretch));
}

export const SIGN: Readonly<Record<DiffLine['side'], string>> = { same: ' ', before: '-', after: '+' };

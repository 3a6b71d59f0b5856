import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { StateEffect, StateField, type EditorState, type Extension, type TransactionSpec } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';
import { told } from '../../i18n/said';
import type { YamlProblem } from '../../wire/generated/types';

const markLine = StateEffect.define<number | null>();

const lineMark = Decoration.line({ class: 'cm-marked-line' });

/** The line of the field that is selected in the form. */
export const markedLine: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(markLine)) return at(transaction.state, effect.value);
    }
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function at(state: EditorState, line: number | null): DecorationSet {
  if (line === null || line < 1 || line > state.doc.lines) return Decoration.none;
  return Decoration.set([lineMark.range(state.doc.line(line).from)]);
}

/** Marks a line, and brings it into view where the user has gone there. */
export function showLine(state: EditorState, line: number | null, scroll = true): TransactionSpec {
  const effects: StateEffect<unknown>[] = [markLine.of(line)];
  if (scroll && line !== null && line >= 1 && line <= state.doc.lines) {
    effects.push(EditorView.scrollIntoView(state.doc.line(line).from, { y: 'center' }));
  }
  return { effects };
}

/** Problems at their places: from the column to the end of the line. */
export function showProblems(state: EditorState, problems: readonly YamlProblem[]): TransactionSpec {
  return setDiagnostics(state, problems.map((problem) => diagnostic(state, problem)));
}

function diagnostic(state: EditorState, problem: YamlProblem): Diagnostic {
  const { line, column, error } = problem;
  const place = state.doc.line(Math.min(Math.max(1, line), state.doc.lines));
  const indent = place.text.length - place.text.trimStart().length;
  const from = Math.min(place.from + Math.max(column - 1, indent), place.to);
  return { from, to: place.to, message: told(problem), severity: error ? 'error' : 'warning' };
}

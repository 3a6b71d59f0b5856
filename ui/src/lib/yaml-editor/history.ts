/**
 * One history over several texts: what a form changed and what was typed are undone in the order in which they were
 * done, also where one action changed two documents.
 */
export interface TextChange {
  key: string;
  before: string;
  after: string;
}

export interface Step {
  changes: readonly TextChange[];
  /** Steps with the same non-empty mark that follow each other closely are one: a drag, a run of typing. */
  mark: string;
  at: number;
}

export interface History {
  done: readonly Step[];
  undone: readonly Step[];
}

export const EMPTY: History = { done: [], undone: [] };

const JOIN_WITHIN_MS = 900;
const MOST = 500;

/** Adds a step. What was undone before it can no longer be redone. */
export function record(history: History, step: Step): History {
  const changes = step.changes.filter(({ before, after }) => before !== after);
  if (changes.length === 0) return history;
  const last = history.done.at(-1);
  const joins = last && step.mark !== '' && last.mark === step.mark && step.at - last.at <= JOIN_WITHIN_MS && history.undone.length === 0;
  const done = joins
    ? [...history.done.slice(0, -1), { mark: step.mark, at: step.at, changes: joined(last.changes, changes) }]
    : [...history.done, { ...step, changes }];
  return { done: done.slice(-MOST), undone: [] };
}

function joined(first: readonly TextChange[], second: readonly TextChange[]): TextChange[] {
  const keys = [...new Set([...first, ...second].map(({ key }) => key))];
  return keys.map((key) => {
    const before = first.find((change) => change.key === key) ?? second.find((change) => change.key === key);
    const after = second.find((change) => change.key === key) ?? first.find((change) => change.key === key);
    return { key, before: before?.before ?? '', after: after?.after ?? '' };
  });
}

/** The history after undoing, and the texts to put back; null where there is nothing to undo. */
export function undo(history: History): { history: History; texts: ReadonlyMap<string, string> } | null {
  const step = history.done.at(-1);
  if (!step) return null;
  return {
    history: { done: history.done.slice(0, -1), undone: [...history.undone, step] },
    texts: new Map(step.changes.map(({ key, before }) => [key, before])),
  };
}

export function redo(history: History): { history: History; texts: ReadonlyMap<string, string> } | null {
  const step = history.undone.at(-1);
  if (!step) return null;
  return {
    history: { done: [...history.done, { ...step, mark: '' }], undone: history.undone.slice(0, -1) },
    texts: new Map(step.changes.map(({ key, after }) => [key, after])),
  };
}

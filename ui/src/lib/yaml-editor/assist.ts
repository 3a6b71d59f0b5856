import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import type { Extension } from '@codemirror/state';
import { hoverTooltip } from '@codemirror/view';
import { core } from '../../wire/client';
import type { Suggestion } from '../../wire/generated/types';

/** What helps while somebody types: the core says what can be written, and what a field is for. */
export interface Assist {
  readonly session: string;
  /** Words for a field by its place in the schema; empty where there are none. */
  readonly words: (path: string) => string;
  /** What the field of a line is, in lines of text; null where the line is none. */
  readonly about: (line: number) => readonly string[] | null;
}

const option = ({ label, detail, insert, required, path }: Suggestion, assist: Assist): Completion => {
  const info = path === '' ? '' : assist.words(path);
  return { label, detail, apply: insert, type: path === '' ? 'constant' : 'property', boost: required ? 1 : 0, ...(info === '' ? {} : { info }) };
};

async function suggestions(context: CompletionContext, assist: Assist): Promise<CompletionResult | null> {
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  // Not in a comment; by itself only once something is typed, or where a value begins.
  if (/(^|\s)#/.test(before) || (!context.explicit && !/[\w./*-]$|: $|- $/.test(before))) return null;
  const found = await core.suggest({ session: assist.session, yaml: context.state.doc.toString(), line: line.number, column: before.length }).catch(() => null);
  if (!found || found.options.length === 0 || context.aborted) return null;
  return { from: line.from + Math.min(found.from, before.length), options: found.options.map((one) => option(one, assist)), validFor: /^[\w./*-]*$/ };
}

export const assisting = (assist: Assist): Extension => [
  autocompletion({ override: [(context) => suggestions(context, assist)], icons: false }),
  hoverTooltip((view, position) => {
    const line = view.state.doc.lineAt(position);
    const key = /^[\s-]*[^\s#:][^:]*(?=:)/.exec(line.text)?.[0];
    const about = key !== undefined && position - line.from <= key.length ? assist.about(line.number) : null;
    if (!about) return null;
    return {
      pos: line.from + (key?.length ?? 0) - (key?.trimStart().length ?? 0),
      above: true,
      create: () => {
        const dom = document.createElement('div');
        dom.className = 'cm-about';
        for (const text of about) dom.appendChild(document.createElement('p')).textContent = text;
        return { dom };
      },
    };
  }),
];

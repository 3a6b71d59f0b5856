/** What a generated form remembers: which sections are open, which fields were asked for, what is wrong where. */
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { core } from '../../wire/client';
import type { NameOption, ObjectCheck, SchemaField, YamlEdit } from '../../wire/generated/types';
import { told } from '../../i18n/said';
import { parentOf, pointerOf } from '../json';
import type { Desk, Sheet } from '../yaml-editor/desk.svelte';
import type { Help } from '../yaml-editor/fields';
import { problemText } from '../yaml-editor/problems';
import type { Shape } from './shape';

export interface Trouble {
  readonly text: string;
  readonly isError: boolean;
}

/** What a check found wrong, by the pointer of its place. */
export function troublesOf(check: ObjectCheck | null): ReadonlyMap<string, readonly Trouble[]> {
  const found = new Map<string, Trouble[]>();
  const add = (pointer: string, trouble: Trouble): void => void found.set(pointer, [...(found.get(pointer) ?? []), trouble]);
  for (const problem of check?.problems ?? []) add(problem.path, { text: problemText(problem), isError: problem.fault !== 'unknown' });
  for (const finding of check?.findings ?? []) add(pointerOf(finding.path), { text: told(finding), isError: finding.level === 'error' });
  return found;
}

/** A section of at most this many characters shows itself; a longer one waits to be opened. */
const SHORT = 420;

export class Form {
  /** Fields that the user asked for and that have no value yet. */
  private readonly asked = new SvelteSet<string>();
  private readonly folds = new SvelteMap<string, boolean>();

  readonly troubles: ReadonlyMap<string, readonly Trouble[]> = $derived.by(() => troublesOf(this.sheet.check));

  constructor(
    readonly desk: Desk,
    readonly sheet: Sheet,
    readonly shape: Shape,
    readonly help: Help,
    readonly onshow: (pointer: string) => void,
    private readonly session = '',
    /** What a field is measured in; empty where it is in nothing. */
    readonly unit: (field: SchemaField) => string = () => '',
  ) {}

  edit(edits: (document: unknown) => readonly YamlEdit[]): void {
    void this.desk.edit(this.sheet, edits);
  }

  /** What in the cluster a field can name. */
  names(pointer: string): Promise<readonly NameOption[]> {
    return core.names({ session: this.session, yaml: this.sheet.text, pointer }).catch(() => []);
  }

  isAsked(pointer: string): boolean {
    return this.asked.has(pointer);
  }
  ask(pointer: string): void {
    this.asked.add(pointer);
    this.folds.set(pointer, true);
  }
  forget(pointer: string): void {
    this.asked.delete(pointer);
  }

  isOpen(pointer: string, value: unknown): boolean {
    // Who opens what is there already did not come for its name.
    const isShort = JSON.stringify(value ?? '').length <= SHORT && (pointer !== '/metadata' || this.sheet.isNew);
    return this.folds.get(pointer) ?? (pointer === '/spec' || isShort);
  }
  fold(pointer: string, isOpen: boolean): void {
    this.folds.set(pointer, isOpen);
  }
  /** Opens everything that a place stands in. */
  reveal(pointer: string): void {
    for (let at = pointer; at !== ''; at = parentOf(at)) this.folds.set(at, true);
  }

  troublesAt(pointer: string): readonly Trouble[] {
    return this.troubles.get(pointer) ?? [];
  }
  /** How much is wrong in and below a place. */
  troublesIn(pointer: string): readonly Trouble[] {
    return [...this.troubles].filter(([at]) => at === pointer || at.startsWith(`${pointer}/`)).flatMap(([, all]) => [...all]);
  }
}

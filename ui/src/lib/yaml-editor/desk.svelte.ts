/**
 * Documents that are edited together: by a form, as edits that the core applies, or by typing. Form and YAML are two
 * views of the same text, and there is one history over all of them. What is on the desk is kept in the tray.
 */
import { core, toFault } from '../../wire/client';
import type { CoreFault } from '../../wire/client';
import type { DocumentText, ObjectCheck, ObjectRef, YamlEdit, YamlReading } from '../../wire/generated/types';
import { isEqual, isRecord, recordOf, textOf } from '../json';
import { EMPTY, record, redo, undo } from './history';
import type { TextChange } from './history';
import { authorsOf, type News } from './live';

export interface SheetStart {
  object: ObjectRef;
  /** What is live, as text; empty for a new object. */
  live: string;
  /** The resourceVersion of what is live; empty for a new object. */
  base: string;
  /** The text to start from: the tray's, or the live one. */
  text: string;
  /** The text is in the tray already. */
  inTray: boolean;
}

/** One document on the desk. */
export class Sheet {
  readonly key: string;
  object: ObjectRef = $state.raw({ group: '', kind: '', namespace: '', name: '' });
  text = $state('');
  live = $state('');
  base = $state('');
  /** The reading of the newest text that was read. */
  reading: YamlReading | null = $state.raw(null);
  /** The last reading that had a value: what the form shows. */
  good: YamlReading | null = $state.raw(null);
  liveValue: unknown = $state.raw(null);
  /** What others changed of it meanwhile, until the user has seen it. */
  news: News | null = $state.raw(null);
  /** What is wrong with it, by its schema and by the rules. */
  check: ObjectCheck | null = $state.raw(null);
  /** Why it is not in the tray, where that failed. */
  fault: CoreFault | null = $state.raw(null);
  /** The text that `reading` is of. */
  readText = '';
  /** The text that the tray holds; null where it holds none. */
  kept: string | null = null;

  constructor(start: SheetStart) {
    this.object = start.object;
    this.key = keyOf(start.object);
    this.live = start.live;
    this.base = start.base;
    this.text = start.text;
    this.kept = start.inTray ? start.text : null;
  }

  /** The line that has to be mended before the form can be used again; null while the text reads well. */
  get brokenAt(): number | null {
    if (!this.reading || isRecord(this.reading.value)) return null;
    return this.reading.problems.find(({ error }) => error)?.line ?? 1;
  }

  get isPending(): boolean {
    return this.text !== this.live;
  }

  get isNew(): boolean {
    return this.live === '';
  }

  /** It has become another object: its name, namespace or kind is not what was opened. */
  get isRenamed(): boolean {
    const now = this.good ? identityOf(this.good.value) : null;
    return now !== null && !this.isNew && keyOf({ ...this.object, ...now }) !== keyOf(this.object);
  }

  lineOf(pointer: string): number | null {
    for (let at = pointer; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const line = this.reading?.lines[at];
      if (line !== undefined) return line;
    }
    return null;
  }

  /** The field that begins last at or before a line: the one that the line belongs to. */
  pointerAt(line: number): string | null {
    let best: { pointer: string; line: number } | null = null;
    for (const [pointer, at] of Object.entries(this.reading?.lines ?? {})) {
      if (at !== undefined && at <= line && (!best || at > best.line || (at === best.line && pointer.length > best.pointer.length))) best = { pointer, line: at };
    }
    return best?.pointer ?? null;
  }
}

export const keyOf = ({ group, kind, namespace, name }: ObjectRef): string => `${group}/${kind}/${namespace}/${name}`;

export function identityOf(value: unknown): Pick<ObjectRef, 'kind' | 'namespace' | 'name'> | null {
  const root = recordOf(value);
  const metadata = recordOf(root['metadata']);
  const name = textOf(metadata['name']);
  return name === '' ? null : { kind: textOf(root['kind']), namespace: textOf(metadata['namespace']), name };
}

/** What an action of the form makes of the newest value. */
export type Edits = (value: unknown) => readonly YamlEdit[];

export interface Edit {
  sheet: Sheet;
  edits: Edits;
}

const SAVE_AFTER_MS = 350;

export class Desk {
  sheets: readonly Sheet[] = $state.raw([]);
  private history = $state.raw(EMPTY);
  private queue: Promise<void> = Promise.resolve();
  private saving: Promise<void> = Promise.resolve();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly session: string;

  constructor(session: string) {
    this.session = session;
  }

  get canUndo(): boolean {
    return this.history.done.length > 0;
  }
  get canRedo(): boolean {
    return this.history.undone.length > 0;
  }

  /** Puts a document on the desk, read. A new object goes into the tray at once: it was asked for. */
  async place(start: SheetStart): Promise<Sheet> {
    const sheet = new Sheet(start);
    const [reading, live] = await Promise.all([
      core.yamlRead({ yaml: start.text }),
      start.live === '' ? null : core.yamlRead({ yaml: start.live }),
    ]);
    take(sheet, reading, start.text);
    sheet.liveValue = live?.value ?? null;
    this.sheets = [...this.sheets.filter(({ key }) => key !== sheet.key), sheet];
    this.saveSoon();
    return sheet;
  }

  /** Takes a document off the desk; what the tray has of it stays there. */
  async putAway(sheet: Sheet): Promise<void> {
    await this.save();
    this.sheets = this.sheets.filter((other) => other !== sheet);
  }

  /** What is new leaves the tray, what was there is as it is live again; says whether a document is left. */
  async discard(): Promise<boolean> {
    for (const sheet of this.sheets.filter(({ isNew }) => !isNew)) this.replace(sheet, sheet.live);
    for (const sheet of this.sheets.filter(({ isNew }) => isNew)) await this.drop(sheet);
    return this.sheets.length > 0;
  }

  /** Takes a document off the desk and out of the tray. */
  async drop(sheet: Sheet): Promise<void> {
    await this.save();
    this.sheets = this.sheets.filter((other) => other !== sheet);
    if (sheet.kept !== null) await core.draftRemove({ session: this.session, object: sheet.object });
  }

  /** An action of the form: one step of the history, over as many documents as it touches. */
  edit(sheet: Sheet, edits: Edits, mark = ''): Promise<void> {
    return this.editAll([{ sheet, edits }], mark);
  }

  editAll(all: readonly Edit[], mark = ''): Promise<void> {
    return this.enqueue(async () => {
      const changes: TextChange[] = [];
      for (const { sheet, edits } of all) {
        if (sheet.brokenAt !== null || !sheet.good) continue;
        const wanted = edits(sheet.good.value);
        if (wanted.length === 0) continue;
        const before = sheet.text;
        const reading = await core.yamlEdit({ yaml: before, edits: [...wanted] });
        sheet.text = reading.yaml;
        take(sheet, reading, reading.yaml);
        changes.push({ key: sheet.key, before, after: reading.yaml });
      }
      this.history = record(this.history, { changes, mark, at: Date.now() });
    });
  }

  /** The user typed. The text is taken at once; its meaning follows. */
  type(sheet: Sheet, text: string): void {
    const before = sheet.text;
    sheet.text = text;
    this.history = record(this.history, { changes: [{ key: sheet.key, before, after: text }], mark: `type ${sheet.key}`, at: Date.now() });
    void this.enqueue(() => this.read(sheet));
  }

  /** Puts a whole text in place of another, as one step. */
  replace(sheet: Sheet, text: string): void {
    const before = sheet.text;
    sheet.text = text;
    this.history = record(this.history, { changes: [{ key: sheet.key, before, after: text }], mark: '', at: Date.now() });
    void this.enqueue(() => this.read(sheet));
  }

  /** Takes in what is live now. Where the user and others changed the same field, the text stays and `news` asks. */
  follow(sheet: Sheet, live: DocumentText): Promise<void> {
    return this.enqueue(async () => {
      if (live.resourceVersion === sheet.base) return;
      const { yaml, changed, clashes } = await core.yamlMerge({ base: sheet.live, mine: sheet.text, theirs: live.yaml, takeTheirs: false });
      const isOwn = live.yaml === sheet.text;
      sheet.news = isOwn || changed.length === 0 ? null : { by: authorsOf(live, changed), changed, clashes, document: live };
      if (clashes.length === 0) await this.ground(sheet, live, sheet.isPending ? yaml : live.yaml);
    });
  }

  /** The user chose between what both changed. */
  settle(sheet: Sheet, takeTheirs: boolean): Promise<void> {
    return this.enqueue(async () => {
      const live = sheet.news?.document;
      if (!live) return;
      const merged = await core.yamlMerge({ base: sheet.live, mine: sheet.text, theirs: live.yaml, takeTheirs });
      sheet.news = null;
      await this.ground(sheet, live, merged.yaml);
    });
  }

  /** The live object is now what the text is compared with, and what it is written on. */
  private async ground(sheet: Sheet, live: DocumentText, text: string): Promise<void> {
    const [{ value }, reading] = await Promise.all([core.yamlRead({ yaml: live.yaml }), core.yamlRead({ yaml: text })]);
    const before = sheet.text;
    const wasPending = sheet.isPending;
    sheet.live = live.yaml;
    sheet.liveValue = value;
    sheet.base = live.resourceVersion;
    // Put again, on the new ground, even where the text is the same.
    if (sheet.kept !== null) sheet.kept = '';
    sheet.text = isEqual(value, reading.value) ? live.yaml : text;
    if (wasPending) this.history = record(this.history, { changes: [{ key: sheet.key, before, after: sheet.text }], mark: '', at: Date.now() });
    await this.read(sheet);
  }

  undo(): void {
    void this.enqueue(() => this.travel(undo(this.history)));
  }

  redo(): void {
    void this.enqueue(() => this.travel(redo(this.history)));
  }

  private async travel(to: ReturnType<typeof undo>): Promise<void> {
    if (!to) return;
    this.history = to.history;
    for (const sheet of this.sheets) {
      const text = to.texts.get(sheet.key);
      if (text === undefined) continue;
      sheet.text = text;
      await this.read(sheet);
    }
  }

  private async read(sheet: Sheet): Promise<void> {
    const { text } = sheet;
    const reading = await core.yamlRead({ yaml: text });
    // While the answer was under way the user typed on: that text is read next.
    if (sheet.text === text) take(sheet, reading, text);
  }

  /** One thing after the other: an action of the form always meets the newest text. */
  private enqueue(task: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(task).catch((thrown: unknown) => {
      const fault = toFault(thrown);
      for (const sheet of this.sheets) sheet.fault = fault;
    });
    return this.queue.then(() => this.saveSoon());
  }

  private saveSoon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.save(), SAVE_AFTER_MS);
  }

  /** Brings the tray up to what is on the desk: now, where the user leaves. */
  save(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.saving = this.saving.then(async () => {
      for (const sheet of this.sheets) await this.keep(sheet);
    });
    return this.saving;
  }

  private async keep(sheet: Sheet): Promise<void> {
    const { text } = sheet;
    if (sheet.brokenAt !== null || sheet.isRenamed || sheet.readText !== text) return;
    try {
      if (text === sheet.live) {
        if (sheet.kept === null) return;
        sheet.kept = null;
        await core.draftRemove({ session: this.session, object: sheet.object });
      } else if (text !== sheet.kept) {
        await this.followName(sheet);
        sheet.kept = text;
        await core.draftPut({ session: this.session, yaml: text, base: sheet.base });
      }
      sheet.fault = null;
    } catch (thrown) {
      sheet.kept = null;
      sheet.fault = toFault(thrown);
    }
  }

  /** A new object that was given another name is another object in the tray. */
  private async followName(sheet: Sheet): Promise<void> {
    const now = identityOf(sheet.good?.value);
    if (!sheet.isNew || !now) return;
    const object = { ...sheet.object, ...now };
    if (keyOf(object) === keyOf(sheet.object)) return;
    if (sheet.kept !== null) await core.draftRemove({ session: this.session, object: sheet.object });
    sheet.object = object;
  }
}

function take(sheet: Sheet, reading: YamlReading, of: string): void {
  sheet.readText = of;
  sheet.reading = reading;
  if (isRecord(reading.value)) sheet.good = reading;
}

import type { YamlEdit } from '../../wire/generated/types';
import { Desk, type Sheet } from '../../lib/yaml-editor/desk.svelte';

/** One policy on the desk. */
export class PolicyEditing {
  readonly desk: Desk;
  readonly session: string;
  sheet: Sheet | null = $state.raw(null);
  at = $state('');

  constructor(session: string) {
    this.session = session;
    this.desk = new Desk(session);
  }

  edit<T>(read: (value: unknown) => T, edits: (policy: T) => readonly YamlEdit[]): void {
    if (this.sheet) void this.desk.edit(this.sheet, (value) => edits(read(value)));
  }
}

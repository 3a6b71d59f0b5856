import type { YamlEdit } from '../wire/generated/types';

/** Sets a value; missing parents are made. */
export const set = (path: string, value: unknown): YamlEdit => ({ op: 'set', path, value, to: null });

/** Inserts into a list before the index that the path ends with; `-` for the end. */
export const insert = (path: string, value: unknown): YamlEdit => ({ op: 'insert', path, value, to: null });

export const remove = (path: string): YamlEdit => ({ op: 'remove', path, value: null, to: null });

/** Moves an item of a list to the index that it has afterwards. */
export const move = (path: string, to: number): YamlEdit => ({ op: 'move', path, value: null, to });

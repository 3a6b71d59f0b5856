import type { YamlEdit } from '../wire/generated/types';
import { isRecord, partsOf } from './json';

/**
 * What edits mean, on plain values: the contract of `YamlEdit` without the text. Tests hold the forms' edits to it;
 * the app itself always asks the core, which keeps comments and order.
 */
export const applyEdits = (value: unknown, edits: readonly YamlEdit[]): unknown => {
  const root: unknown = structuredClone(value);
  for (const edit of edits) applyOne(root, edit);
  return root;
};

const applyOne = (root: unknown, edit: YamlEdit): void => {
  const parts = partsOf(edit.path);
  const last = parts.pop();
  if (last === undefined) throw new Error('an edit needs a path');
  const holder = parts.reduce<unknown>((at, part) => step(at, part, edit), root);
  if (Array.isArray(holder)) editList(holder as unknown[], last, edit);
  else if (isRecord(holder)) editRecord(holder, last, edit);
  else throw new Error(`${edit.path}: nothing to edit there`);
};

const step = (at: unknown, part: string, edit: YamlEdit): unknown => {
  if (Array.isArray(at)) {
    if (!(part in at)) throw new Error(`${edit.path}: no item ${part}`);
    return at[Number(part)] as unknown;
  }
  if (!isRecord(at)) throw new Error(`${edit.path}: ${part} is below a plain value`);
  if (at[part] === undefined || at[part] === null) {
    if (edit.op !== 'set') throw new Error(`${edit.path}: no ${part}`);
    at[part] = {};
  }
  return at[part];
};

const editList = (list: unknown[], last: string, edit: YamlEdit): void => {
  const index = last === '-' ? list.length : Number(last);
  if (edit.op === 'insert') {
    if (index > list.length) throw new Error(`${edit.path}: behind the end`);
    list.splice(index, 0, edit.value);
    return;
  }
  if (!(index in list)) throw new Error(`${edit.path}: no such item`);
  if (edit.op === 'set') list[index] = edit.value;
  else {
    const [item] = list.splice(index, 1);
    if (edit.op === 'move') list.splice(edit.to ?? index, 0, item);
  }
};

const editRecord = (record: Record<string, unknown>, last: string, edit: YamlEdit): void => {
  if (edit.op === 'set') record[last] = edit.value;
  else if (edit.op === 'remove') {
    if (!(last in record)) throw new Error(`${edit.path}: not there`);
    Reflect.deleteProperty(record, last);
  } else throw new Error(`${edit.path}: ${edit.op} works on lists`);
};

/** What a user does in a generated form, as edits of the document. Each changes what it names, and nothing else. */
import type { SchemaChoice, SchemaField, YamlEdit } from '../../wire/generated/types';
import { isRecord, listOf, pointer, valueAt } from '../json';
import { insert, move, remove, set } from '../yaml-edits';
import { startOf } from './shape';

/** Sets a field, or takes it away where nothing is left of it. */
export const setField = (document: unknown, at: string, value: unknown): YamlEdit[] => {
  const now = valueAt(document, at);
  if (value === undefined) return now === undefined ? [] : [remove(at)];
  return now === value ? [] : [set(at, value)];
};

export const addItem = (document: unknown, at: string, value: unknown): YamlEdit[] =>
  Array.isArray(valueAt(document, at)) ? [insert(pointer(at, '-'), value)] : [set(at, [value])];

export const removeItem = (document: unknown, at: string, index: number): YamlEdit[] =>
  index < listOf(valueAt(document, at)).length ? [remove(pointer(at, index))] : [];

export const moveItem = (document: unknown, at: string, from: number, to: number): YamlEdit[] => {
  const { length } = listOf(valueAt(document, at));
  return from === to || from >= length || to < 0 || to >= length ? [] : [move(pointer(at, from), to)];
};

export const addKey = (document: unknown, at: string, key: string, values: SchemaField | undefined): YamlEdit[] => {
  const now = valueAt(document, at);
  return key === '' || (isRecord(now) && key in now) ? [] : [set(pointer(at, key), startOf(values))];
};

/** The value goes on under another key, at the end; a key that is taken is left alone. */
export const renameKey = (document: unknown, at: string, from: string, to: string): YamlEdit[] => {
  const now = valueAt(document, at);
  if (!isRecord(now) || !(from in now) || from === to || to === '' || to in now) return [];
  return [set(pointer(at, to), now[from]), remove(pointer(at, from))];
};

/** Goes the other way: fields of the other alternatives leave, and the field that chooses says so. */
export const choose = (document: unknown, at: string, choice: SchemaChoice, index: number): YamlEdit[] => {
  const now = valueAt(document, at);
  const wanted = choice.alternatives[index];
  const others = choice.alternatives.filter((one) => one !== wanted).flatMap(({ fields }) => fields);
  const gone = others.filter((name) => !wanted?.fields.includes(name) && isRecord(now) && name in now);
  return [...(choice.by !== '' && wanted ? setField(document, pointer(at, choice.by), wanted.value) : []), ...gone.map((name) => remove(pointer(at, name)))];
};

/** A text that was typed, as a value of a field's type; undefined for nothing. What is no number stays text: the check says so. */
export const typed = (field: SchemaField, text: string): unknown => {
  if (text === '') return undefined;
  const isNumber = field.type === 'integer' || field.type === 'number' || field.type === 'int-or-string';
  const number = Number(text);
  return isNumber && Number.isFinite(number) && String(number) === text.trim() ? number : text;
};

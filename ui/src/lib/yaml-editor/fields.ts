import type { SchemaField } from '../../wire/generated/types';
import { partsOf } from '../json';

/** What a field of a kind is for, in words; empty where there are none. */
export type Help = (kind: string, path: string) => string;

/** A field of a schema, and how its place is written; null for what the schema does not name. */
export function fieldAt(fields: readonly SchemaField[], pointer: string): { readonly path: string; readonly field: SchemaField | null } {
  const known = new Map(fields.map((field) => [field.path, field]));
  let path = '';
  for (const part of partsOf(pointer)) {
    // An item of a list goes by the list; a value of a map by `*`.
    if (/^\d+$/.test(part)) path += '[]';
    else {
      const named = path === '' ? part : `${path}.${part}`;
      const asMap = `${path}.*`;
      path = !known.has(named) && fields.some((field) => field.path.startsWith(`${asMap}.`)) ? asMap : named;
    }
  }
  return { path, field: known.get(path) ?? known.get(path.replace(/\[\]$/, '')) ?? null };
}

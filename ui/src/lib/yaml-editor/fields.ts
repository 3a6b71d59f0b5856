import type { SchemaField } from '../../wire/generated/types';
import { Shape } from '../schema-form/shape';

/** What a field of a kind is for, in words; empty where there are none. */
export type Help = (kind: string, path: string) => string;

/** A field of a schema, and how its place is written; null for what the schema does not name. */
export function fieldAt(fields: readonly SchemaField[], pointer: string): { readonly path: string; readonly field: SchemaField | null } {
  const shape = new Shape(fields);
  const path = shape.placeOf(pointer);
  return { path, field: shape.at(path) ?? null };
}

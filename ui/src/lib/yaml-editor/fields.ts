import type { SchemaField } from '../../wire/generated/types';
import { Shape } from '../schema-form/shape';
import { t } from './words';

/** What a field of a kind is for, in words; empty where there are none. */
export type Help = (kind: string, path: string) => string;

/** A field of a schema, and how its place is written; null for what the schema does not name. */
export function fieldAt(fields: readonly SchemaField[], pointer: string): { readonly path: string; readonly field: SchemaField | null } {
  const shape = new Shape(fields);
  const path = shape.placeOf(pointer);
  return { path, field: shape.at(path) ?? null };
}

const SHOWN = 8;

/** Type, allowed values, default and duty of a field, each in a few words. */
export function aboutField({ type, allowed, default: usual, required }: SchemaField): readonly string[] {
  const values = allowed.slice(0, SHOWN).join(', ') + (allowed.length > SHOWN ? ' …' : '');
  return [type, ...(values ? [t('oneOf', { values })] : []), ...(usual ? [t('byDefault', { value: usual })] : []), ...(required ? [t('required')] : [])];
}

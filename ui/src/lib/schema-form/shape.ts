import type { SchemaChoice, SchemaField } from '../../wire/generated/types';
import { isRecord, partsOf } from '../json';

/** A schema as a tree: what may stand at a place, and what below it. */
export class Shape {
  private readonly places: ReadonlyMap<string, SchemaField>;
  private readonly below = new Map<string, SchemaField[]>();

  constructor(readonly fields: readonly SchemaField[]) {
    this.places = new Map(fields.map((field) => [field.path, field]));
    for (const field of fields) {
      if (field.path.endsWith('[]') || field.path.endsWith('.*')) continue;
      const parent = parentPath(field.path);
      const siblings = this.below.get(parent);
      if (siblings) siblings.push(field);
      else this.below.set(parent, [field]);
    }
  }

  at(path: string): SchemaField | undefined {
    return this.places.get(path);
  }

  /** The fields of an object; those of the whole document for an empty path. */
  fieldsOf(path: string): readonly SchemaField[] {
    return this.below.get(path) ?? [];
  }

  /** The place of a pointer in the schema: an item of a list goes by `[]`, a value of a map by `.*`. */
  placeOf(pointer: string): string {
    let path = '';
    for (const part of partsOf(pointer)) {
      const type = path === '' ? 'object' : this.at(path)?.type;
      if (type === 'array') path += '[]';
      else if (type === 'map') path += '.*';
      else path = path === '' ? part : `${path}.${part}`;
    }
    return path;
  }
}

const parentPath = (path: string): string => (path.endsWith('[]') ? path.slice(0, -2) : path.slice(0, Math.max(0, path.lastIndexOf('.'))));

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

const SCALARS = ['string', 'integer', 'number', 'boolean', 'duration', 'int-or-string'];

export const isScalar = (field: SchemaField): boolean => SCALARS.includes(field.type);

/** From here on a bound is that of a number's type, not of what it counts. */
const UNBOUNDED = 2 ** 31 - 1;

/** What a number may be, as `1 – 65,535`; empty where anything goes. */
export function rangeOf({ minimum, maximum }: Pick<SchemaField, 'minimum' | 'maximum'>, say: (n: number) => string): string {
  const most = maximum !== null && maximum < UNBOUNDED ? maximum : null;
  if (most !== null) return minimum === null ? `≤ ${say(most)}` : `${say(minimum)} – ${say(most)}`;
  return minimum === null || minimum === 0 ? '' : `≥ ${say(minimum)}`;
}

/** The least value that is of a field's type: what a new item of a list, or a new key of a map, starts with. */
export function startOf(field: SchemaField | undefined): unknown {
  if (!field) return '';
  if (field.allowed.length > 0) return field.allowed[0];
  switch (field.type) {
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return Math.max(0, field.minimum ?? 0);
    case 'boolean':
      return false;
    case 'string':
    case 'duration':
    case 'int-or-string':
      return '';
    default:
      return {};
  }
}

/** Which way a choice went: the first alternative of which something is there, or was asked for. */
export function chosen(choice: SchemaChoice, value: unknown, isAsked: (name: string) => boolean = () => false): number {
  if (choice.by !== '') return choice.alternatives.findIndex((one) => isRecord(value) && value[choice.by] === one.value);
  const there = choice.alternatives.findIndex((one) => one.fields.some((name) => isRecord(value) && value[name] !== undefined));
  return there >= 0 ? there : choice.alternatives.findIndex((one) => one.fields.some(isAsked));
}

/** Fields that another alternative of a choice shuts out, as long as they are not there. */
export function shutOut(choices: readonly SchemaChoice[], value: unknown, isAsked: (name: string) => boolean): ReadonlySet<string> {
  const names = choices.flatMap((choice) => {
    const at = chosen(choice, value, isAsked);
    // Without a value that chooses, none of the fields may be there.
    if (at < 0 && choice.by === '') return [];
    return choice.alternatives.filter((_, i) => i !== at).flatMap(({ fields }) => fields);
  });
  return new Set(names);
}

/** For tests: the demo's own CRDs as the core lays them out, and an object of each kind in which everything is set. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { SchemaChoice, SchemaField } from '../../wire/generated/types';
import { isRecord, listOf, recordOf, textOf, textsOf, type JsonRecord } from '../json';

export interface RealKind {
  readonly group: string;
  readonly kind: string;
  readonly fields: readonly SchemaField[];
  readonly whole: JsonRecord;
}

const FILES = ['istio', 'gateway-api', 'linkerd'];

const read = (file: string): unknown => JSON.parse(readFileSync(path.join(process.cwd(), '../src-tauri/crates/demo/crds', `${file}.json`), 'utf8'));

export const realKinds = (): readonly RealKind[] =>
  FILES.flatMap((file) => listOf(read(file))).map((crd) => {
    const { group, kind, versions, schemas } = recordOf(crd);
    const version = recordOf(listOf(versions)[0]);
    const spec = recordOf(recordOf(recordOf(listOf(schemas)[Number(version['schema'])])['properties'])['spec']);
    const head = [field('metadata', 'object', true), field('metadata.name', 'string', true)];
    const apiVersion = `${textOf(group)}/${textOf(version['name'])}`;
    return {
      group: textOf(group),
      kind: textOf(kind),
      fields: [...head, ...flat(spec, 'spec', true)],
      whole: { apiVersion, kind, metadata: { name: 'a' }, spec: sample(spec) },
    };
  });

const field = (path: string, type: string, required: boolean, more: Partial<SchemaField> = {}): SchemaField => ({ path, type, required, allowed: [], default: '', minimum: null, maximum: null, choices: [], named: false, help: '', ...more });

const RULES = 'x-kubernetes-validations';

function typeOf(schema: JsonRecord): string {
  const isTimed = listOf(schema[RULES]).some((rule) => textOf(recordOf(rule)['rule']).includes('duration('));
  if (schema['type'] === 'string' && (isTimed || textOf(schema['pattern']).includes('(h|m|s|ms)'))) return 'duration';
  if (schema['x-kubernetes-int-or-string'] === true) return 'int-or-string';
  if (schema['type'] !== 'object') return textOf(schema['type']) || 'any';
  return isRecord(schema['properties']) ? 'object' : isRecord(schema['additionalProperties']) ? 'map' : 'any';
}

function flat(schema: JsonRecord, place: string, required: boolean): SchemaField[] {
  const must = textsOf(schema['required']);
  const bound = (name: string): number | null => (typeof schema[name] === 'number' ? Number(schema[name]) : null);
  const own = field(place, typeOf(schema), required, { allowed: textsOf(schema['enum']), minimum: bound('minimum'), maximum: bound('maximum'), choices: choicesOf(schema) });
  const below = Object.entries(recordOf(schema['properties'])).flatMap(([name, one]) => flat(recordOf(one), `${place}.${name}`, must.includes(name)));
  const items = isRecord(schema['items']) ? flat(schema['items'], `${place}[]`, false) : [];
  const values = isRecord(schema['additionalProperties']) ? flat(schema['additionalProperties'], `${place}.*`, false) : [];
  return [own, ...below, ...items, ...values];
}

const choicesOf = (schema: JsonRecord): SchemaChoice[] =>
  [schema, ...listOf(schema['allOf']).map(recordOf)].flatMap((part) => {
    const branches = listOf(part['oneOf']).map((branch) => textsOf(recordOf(branch)['required'])).filter((names) => names.length > 0);
    return branches.length > 1 ? [{ by: '', alternatives: branches.map((fields) => ({ fields, value: '' })) }] : [];
  });

/** A value in which everything is set, of each choice the first. */
function sample(schema: JsonRecord): unknown {
  const out = new Set(choicesOf(schema).flatMap(({ alternatives }) => alternatives.slice(1).flatMap(({ fields }) => fields)));
  switch (typeOf(schema)) {
    case 'object':
      return Object.fromEntries(Object.entries(recordOf(schema['properties'])).filter(([name]) => !out.has(name)).map(([name, one]) => [name, sample(recordOf(one))]));
    case 'map':
      return { 'a.b/c': sample(recordOf(schema['additionalProperties'])) };
    case 'array':
      return [sample(recordOf(schema['items']))];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return Number(schema['minimum'] ?? 1);
    case 'any':
      return { free: [1, 'x'] };
    default:
      return textsOf(schema['enum'])[0] ?? 'x';
  }
}

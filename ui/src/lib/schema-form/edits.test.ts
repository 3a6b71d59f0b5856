import { describe, expect, it } from 'vitest';
import type { SchemaChoice, SchemaField, YamlEdit } from '../../wire/generated/types';
import { applyEdits } from '../apply-edits';
import { isRecord, parentOf, pointer, valueAt } from '../json';
import { addItem, addKey, choose, moveItem, removeItem, renameKey, setField, typed } from './edits';
import { realKinds } from './real';
import { isScalar, Shape, shutOut } from './shape';

const field = (type: string, more: Partial<SchemaField> = {}): SchemaField => ({ path: 'spec.x', type, required: false, allowed: [], default: '', minimum: null, maximum: null, choices: [], named: false, help: '', ...more });

/** Every pointer of a value with what stands there, the leaves only. */
function leaves(value: unknown, at = ''): [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap((one, i) => leaves(one, pointer(at, i)));
  if (isRecord(value)) return Object.entries(value).flatMap(([name, one]) => leaves(one, pointer(at, name)));
  return [[at, value]];
}

describe('each field of each kind', () => {
  it.each(realKinds().map((kind) => [`${kind.group} ${kind.kind}`, kind] as const))('%s changes alone', (_, { fields, whole }) => {
    const shape = new Shape(fields);
    const all = leaves(whole);
    expect(all.length).toBeGreaterThan(3);
    for (const [at, value] of all) {
      const place = shape.at(shape.placeOf(at));
      if (!place || !isScalar(place)) continue;
      const next = typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 1 : `${String(value)}y`;
      const expected = JSON.stringify(all.map(([other, was]) => [other, other === at ? next : was]));
      expect(JSON.stringify(leaves(applyEdits(whole, setField(whole, at, next))))).toBe(expected);
      expect(setField(whole, at, value)).toEqual([]);
      if (!/\/\d+$/.test(at)) expect(valueAt(applyEdits(whole, setField(whole, at, undefined)), at)).toBeUndefined();
    }
  });

  it.each(realKinds().map((kind) => [`${kind.group} ${kind.kind}`, kind] as const))('%s finds the place of each value', (_, { fields, whole }) => {
    const shape = new Shape(fields);
    const isFree = (at: string): boolean => at !== '' && (shape.at(shape.placeOf(at))?.type === 'any' || isFree(parentOf(at)));
    for (const [at] of leaves(whole)) if (at.startsWith('/spec/') && !isFree(at)) expect(shape.at(shape.placeOf(at)), at).toBeDefined();
  });
});

describe('lists and maps', () => {
  const document = { spec: { hosts: ['a', 'b', 'c'], labels: { app: 'x' } } };
  const after = (edits: readonly YamlEdit[]): unknown => applyEdits(document, edits);

  it('take, lose and move items', () => {
    expect(valueAt(after(addItem(document, '/spec/hosts', 'd')), '/spec/hosts')).toEqual(['a', 'b', 'c', 'd']);
    expect(valueAt(after(addItem(document, '/spec/more', 'd')), '/spec/more')).toEqual(['d']);
    expect(valueAt(after(removeItem(document, '/spec/hosts', 1)), '/spec/hosts')).toEqual(['a', 'c']);
    expect(valueAt(after(moveItem(document, '/spec/hosts', 0, 2)), '/spec/hosts')).toEqual(['b', 'c', 'a']);
    expect([...removeItem(document, '/spec/hosts', 3), ...moveItem(document, '/spec/hosts', 0, 3)]).toEqual([]);
  });

  it('take and rename keys, and leave a key that is taken alone', () => {
    expect(valueAt(after(addKey(document, '/spec/labels', 'a/b', field('string'))), '/spec/labels')).toEqual({ app: 'x', 'a/b': '' });
    expect(addKey(document, '/spec/labels', 'app', field('string'))).toEqual([]);
    expect(valueAt(after(renameKey(document, '/spec/labels', 'app', 'name')), '/spec/labels')).toEqual({ name: 'x' });
    expect(renameKey(document, '/spec/labels', 'app', '')).toEqual([]);
  });
});

describe('a choice', () => {
  const bySelf: SchemaChoice = { by: '', alternatives: [{ fields: ['exact'], value: '' }, { fields: ['prefix'], value: '' }] };
  const byType: SchemaChoice = { by: 'type', alternatives: [{ fields: ['mirror'], value: 'Mirror' }, { fields: ['rewrite'], value: 'Rewrite' }] };

  it('goes the other way: what excludes it leaves', () => {
    expect(applyEdits({ m: { exact: 'x' } }, choose({ m: { exact: 'x' } }, '/m', bySelf, 1))).toEqual({ m: {} });
    const filter = { f: { type: 'Mirror', mirror: {}, name: 'a' } };
    expect(applyEdits(filter, choose(filter, '/f', byType, 1))).toEqual({ f: { type: 'Rewrite', name: 'a' } });
  });

  it('offers only what its way allows', () => {
    const none = (): boolean => false;
    expect([...shutOut([bySelf], { exact: 'x' }, none)]).toEqual(['prefix']);
    expect([...shutOut([bySelf], {}, none)]).toEqual([]);
    expect([...shutOut([bySelf], {}, (name) => name === 'prefix')]).toEqual(['exact']);
    expect([...shutOut([byType], { type: 'Rewrite' }, none)]).toEqual(['mirror']);
    expect([...shutOut([byType], {}, none)]).toEqual(['mirror', 'rewrite']);
  });
});

it.each([
  ['integer', '12', 12],
  ['integer', '1e', '1e'],
  ['int-or-string', '80', 80],
  ['int-or-string', '50%', '50%'],
  ['string', '12', '12'],
  ['string', '', undefined],
])('%s %j is read as %j', (type, text, value) => expect(typed(field(type), text)).toBe(value));

import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, describe, expect, it } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../axe';
import { applyEdits } from '../apply-edits';
import { isRecord, pointer, textOf, type JsonRecord } from '../json';
import { connect } from '../../wire/client';
import type { ObjectCheck, YamlEdit, YamlReading } from '../../wire/generated/types';
import { Desk } from '../yaml-editor/desk.svelte';
import { Form } from './form.svelte';
import { realKinds, type RealKind } from './real';
import SchemaForm from './SchemaForm.svelte';
import { isScalar, Shape } from './shape';

const read = (yaml: string): YamlReading => ({ yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} });

let host: FixtureHost;
const edited = (): readonly (readonly YamlEdit[])[] => host.asked.filter(({ name }) => name === 'yaml_edit').map(({ args }) => (args as { edits: readonly YamlEdit[] }).edits);

/** A form over a document; `stays` keeps the document as it is whatever is edited. */
async function start({ group, kind, fields, whole }: Pick<RealKind, 'group' | 'kind' | 'fields'> & { whole: JsonRecord }, stays = false): Promise<Form> {
  host = fixtureHost({
    yamlRead: ({ yaml }) => read(yaml),
    yamlEdit: ({ yaml, edits }) => read(stays ? yaml : JSON.stringify(applyEdits(JSON.parse(yaml), edits))),
    draftPut: { revision: 1, items: [], says: [], canUndo: false },
    draftRemove: { revision: 1, items: [], says: [], canUndo: false },
  });
  connect(host);
  const desk = new Desk('s');
  const text = JSON.stringify(whole);
  const sheet = await desk.place({ object: { group, kind, namespace: 'a', name: 'a' }, live: text, base: '1', text, inTray: false });
  const form = new Form(desk, sheet, new Shape(fields), () => '', () => undefined);
  render(SchemaForm, { form, at: '' });
  return form;
}

async function unfoldAll(): Promise<void> {
  for (let folded = document.querySelectorAll('[aria-expanded="false"].fold'); folded.length > 0; folded = document.querySelectorAll('[aria-expanded="false"].fold')) {
    for (const one of folded) await fireEvent.click(one);
  }
}

const pointersOf = (value: unknown, at: string): string[] => [
  at,
  ...(Array.isArray(value) ? value.flatMap((one, i) => pointersOf(one, pointer(at, i))) : isRecord(value) ? Object.entries(value).flatMap(([name, one]) => pointersOf(one, pointer(at, name))) : []),
];

afterEach(cleanup);

describe('the form of each kind of the demo', () => {
  it.each(realKinds().map((kind) => [`${kind.group} ${kind.kind}`, kind] as const))('%s shows every value, and edits exactly what is typed', async (_, kind) => {
    const form = await start(kind, true);
    await unfoldAll();
    const places = new Set([...document.querySelectorAll('[data-at]')].map((one) => one.getAttribute('data-at')));
    for (const at of pointersOf(kind.whole['spec'], '/spec')) {
      const place = form.shape.at(form.shape.placeOf(at));
      if (place && !places.has(at)) expect.fail(`${at} is not shown`);
    }
    // Looking at all of it changed nothing.
    expect(edited()).toEqual([]);

    const inputs = [...document.querySelectorAll<HTMLElement>('[data-at]')].flatMap((place) => {
      const at = place.dataset['at'] ?? '';
      const field = form.shape.at(form.shape.placeOf(at));
      const input = field && isScalar(field) ? [...place.querySelectorAll('input')].at(-1) : undefined;
      return field && input ? [{ at, field, input }] : [];
    });
    expect(inputs.length).toBeGreaterThan(0);
    const wanted = inputs.map(({ at, field, input }) => {
      const isNumber = field.type === 'integer' || field.type === 'number';
      const value = isNumber ? Math.min(Number(input.value) + 1, field.maximum ?? Infinity) : `${input.value}z`;
      input.value = String(value);
      input.dispatchEvent(new Event('change', { bubbles: true }));
      return { op: 'set', path: at, value, to: null };
    });
    await waitFor(() => expect(edited().length).toBe(wanted.length));
    expect(edited()).toEqual(wanted.map((edit) => [edit]));
  });
});

describe('a form', () => {
  const rule = realKinds().find(({ kind }) => kind === 'DestinationRule');
  const whole: JsonRecord = { apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata: { name: 'a' }, spec: { host: 'reviews', later: { x: 1 }, trafficPolicy: { loadBalancer: { simple: 'RANDOM' } } } };
  const check: ObjectCheck = { problems: [{ path: '/spec/host', line: 1, fault: 'pattern', wanted: '^a' }], findings: [], because: '', zh: '' };
  const spec = (form: Form): unknown => (form.sheet.good?.value as JsonRecord)['spec'];

  it('adds a field without a change, until something is in it', async () => {
    if (!rule) throw new Error('no DestinationRule');
    const form = await start({ ...rule, whole });
    await fireEvent.click(screen.getByRole('button', { name: 'Add exportTo' }));
    expect(edited()).toEqual([]);
    const field = screen.getByRole('textbox', { name: 'Add to exportTo' });
    await fireEvent.change(field, { target: { value: '.' } });
    await waitFor(() => expect(spec(form)).toMatchObject({ exportTo: ['.'] }));
  });

  it('keeps and shows what the schema does not name, and says what is wrong at the field', async () => {
    if (!rule) throw new Error('no DestinationRule');
    const form = await start({ ...rule, whole });
    screen.getByText('later');
    form.sheet.check = check;
    await screen.findByText('host has to be of the form ^a');
    expect(textOf(JSON.stringify(spec(form)))).toContain('"later":{"x":1}');
    await expectAccessible();
  });

  it('takes a whole part away', async () => {
    if (!rule) throw new Error('no DestinationRule');
    const form = await start({ ...rule, whole });
    await fireEvent.click(screen.getByRole('button', { name: 'Remove trafficPolicy' }));
    await waitFor(() => expect(spec(form)).toEqual({ host: 'reviews', later: { x: 1 } }));
  });
});

import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { locale } from '../../state/locale.svelte';
import { connect } from '../../wire/client';
import type { Guide as GuideAnswer, GuideAsk, YamlReading } from '../../wire/generated/types';
import { applyEdits } from '../apply-edits';
import { expectAccessible } from '../axe';
import { isRecord, pointer, recordOf, valueAt, type JsonRecord } from '../json';
import { realKinds } from '../schema-form/real';
import { Shape } from '../schema-form/shape';
import { Desk, type Sheet } from '../yaml-editor/desk.svelte';
import { answer, become, choose, clear } from './edits';
import Guide from './Guide.svelte';

const words = (because: string, zh = ''): { because: string; zh: string } => ({ because, zh });
const asked = (path: string, title: string, more: Partial<GuideAsk> = {}): GuideAsk => ({ path, title: words(title), help: words(''), note: words(''), takes: 'text', offers: [], text: '', start: null, seldom: false, along: [], ...more });

const ROOT = '/spec/configPatches/0';
const MANAGER = 'envoy.filters.network.http_connection_manager';

/** As the core guides through this patch; what it makes of others is told by its own tests. */
const guide = (value: unknown): GuideAnswer => ({
  list: '/spec/configPatches',
  fresh: { applyTo: 'CLUSTER', patch: { operation: 'MERGE', value: {} } },
  parts: (Array.isArray(valueAt(value, '/spec/configPatches')) ? (valueAt(value, '/spec/configPatches') as unknown[]) : []).map((_, i) => {
    const root = pointer('/spec/configPatches', i);
    const filter = `${root}/match/listener/filterChain/filter`;
    return {
      path: root,
      says: words(`Patch ${i} does something.`, `补丁 ${i} 有作用。`),
      stages: [
        {
          title: words('Where it applies', '修改什么'),
          asks: [
            asked(`${root}/applyTo`, 'Part', {
              takes: 'one',
              offers: [
                { value: 'HTTP_FILTER', means: words('A filter of requests'), without: [`${root}/match/cluster`] },
                { value: 'CLUSTER', means: words('A cluster'), without: [`${root}/match/listener`] },
              ],
            }),
          ],
        },
        {
          title: words('What it looks for', '匹配什么'),
          asks: [
            asked(`${root}/match/listener/portNumber`, 'Port', { takes: 'number' }),
            asked(`${filter}/subFilter/name`, 'HTTP filter', { along: [{ path: `${filter}/name`, value: MANAGER }] }),
            asked(`${root}/match/proxy/proxyVersion`, 'Version', { seldom: true }),
          ],
        },
        {
          title: words('What it does there', '做什么'),
          asks: [asked(`${root}/patch/value`, 'Value', { takes: 'yaml', text: JSON.stringify(valueAt(value, `${root}/patch/value`) ?? {}), start: { name: 'example' }, note: words('a proxy may not take it') })],
        },
      ],
    };
  }),
});

const whole = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'a', namespace: 'prod' },
  spec: { configPatches: [{ applyTo: 'HTTP_FILTER', match: { context: 'SIDECAR_INBOUND', listener: { portNumber: 80 } }, patch: { operation: 'ADD', value: { name: 'x', typed_config: { a: 1 } } } }], later: 1 },
};

const read = (yaml: string): YamlReading => {
  try {
    return { yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} };
  } catch {
    return { yaml, value: null, problems: [{ line: 2, column: 1, message: 'a tab', zh: '制表符', error: true }], lines: {} };
  }
};

let sheet: Sheet;
let edits = 0;
async function start(document: JsonRecord = whole): Promise<void> {
  edits = 0;
  const draft = { revision: 1, items: [], says: [], canUndo: false };
  connect(
    fixtureHost({
      guide: ({ yaml }) => guide(JSON.parse(yaml)),
      names: ({ pointer: at }) => (at.endsWith('subFilter/name') ? [{ value: 'envoy.filters.http.router', detail: '' }] : []),
      yamlRead: ({ yaml }) => read(yaml),
      yamlEdit: ({ yaml, edits: wanted }) => {
        edits += 1;
        return read(JSON.stringify(applyEdits(JSON.parse(yaml), wanted)));
      },
      draftPut: draft,
      draftRemove: draft,
    }),
  );
  const desk = new Desk('guide');
  const text = JSON.stringify(document);
  sheet = await desk.place({ object: { group: 'networking.istio.io', kind: 'EnvoyFilter', namespace: 'prod', name: 'a' }, live: text, base: '1', text, inTray: false });
  render(Guide, { session: 'guide', desk, sheet });
  await screen.findByRole('region', { name: 'Step by step' });
}
const patch = (): JsonRecord => recordOf(valueAt(sheet.good?.value, ROOT));

beforeEach(() => locale.set('en'));
afterEach(cleanup);

describe('a guide', () => {
  it('says what each part does and what goes wrong, in both languages, and changes nothing by being looked at', async () => {
    await start();
    await screen.findByText('Patch 0 does something.');
    screen.getByText('a proxy may not take it');
    await expectAccessible();
    locale.set('zh');
    await screen.findByText('补丁 0 有作用。');
    screen.getByRole('group', { name: '匹配什么' });
    expect([edits, sheet.text]).toEqual([0, JSON.stringify(whole)]);
  });

  it('takes a name with what has to stand beside it, and takes both away without a rest', async () => {
    await start();
    const field = await screen.findByRole('combobox', { name: 'HTTP filter' });
    await fireEvent.focusIn(field);
    await fireEvent.input(field, { target: { value: 'envoy.filters.http.router' } });
    await fireEvent.keyDown(field, { key: 'Enter' });
    await waitFor(() => expect(patch()['match']).toEqual({ context: 'SIDECAR_INBOUND', listener: { portNumber: 80, filterChain: { filter: { name: MANAGER, subFilter: { name: 'envoy.filters.http.router' } } } } }));
    expect(sheet.good?.value).toMatchObject({ spec: { later: 1 } });
  });

  it('parts with what must not stand beside a choice', async () => {
    await start();
    const trigger = await screen.findByLabelText('Part');
    await fireEvent.keyDown(trigger, { key: 'Enter' });
    const option = await screen.findByRole('option', { name: /CLUSTER/ });
    within(option).getByText('A cluster');
    await fireEvent.pointerUp(option);
    await waitFor(() => expect(patch()).toEqual({ applyTo: 'CLUSTER', match: { context: 'SIDECAR_INBOUND' }, patch: whole.spec.configPatches[0]?.patch }));
  });

  it('folds what few need, and shows it where it is set', async () => {
    await start();
    expect(screen.queryByRole('combobox', { name: 'Version' })).toBeNull();
    await fireEvent.click(await screen.findByRole('button', { name: '1 more condition' }));
    await screen.findByRole('combobox', { name: 'Version' });
  });

  it('takes a value as YAML field by field, and says at which line it does not read', async () => {
    await start();
    const area = await screen.findByRole('textbox', { name: 'Value' });
    await fireEvent.input(area, { target: { value: '{broken' } });
    await fireEvent.change(area);
    await screen.findByText('Line 2: a tab');
    expect(edits).toBe(0);
    await fireEvent.input(area, { target: { value: '{"name": "x", "typed_config": {"a": 2}}' } });
    await fireEvent.change(area);
    await waitFor(() => expect(valueAt(patch(), '/patch/value')).toEqual({ name: 'x', typed_config: { a: 2 } }));
    await fireEvent.click(screen.getByRole('button', { name: 'Put in an example' }));
    await waitFor(() => expect(valueAt(patch(), '/patch/value')).toEqual({ name: 'example' }));
  });

  it('adds, moves and removes parts', async () => {
    await start();
    await fireEvent.click(await screen.findByRole('button', { name: 'Add a patch' }));
    await fireEvent.click(await screen.findByRole('button', { name: 'Move patch 2 up' }));
    await waitFor(() => expect(patch()['applyTo']).toBe('CLUSTER'));
    await fireEvent.click(screen.getByRole('button', { name: 'Remove patch 1' }));
    await waitFor(() => expect(valueAt(sheet.good?.value, '/spec')).toEqual(whole.spec));
  });

  it('says that there is nothing yet', async () => {
    await start({ ...whole, spec: {} });
    await screen.findByText('There is no patch yet: it changes nothing.');
  });
});

describe('its edits', () => {
  const after = (document: unknown, wanted: Parameters<typeof applyEdits>[1]): unknown => applyEdits(document, wanted);

  it('leave nothing empty behind', () => {
    const document = { p: { match: { listener: { filterChain: { filter: { name: 'a', subFilter: { name: 'b' } } } }, context: 'ANY' } } };
    const bare = after(document, clear(document, '/p/match/listener/filterChain/filter/subFilter/name', '/p'));
    expect(valueAt(bare, '/p/match/listener/filterChain/filter')).toEqual({ name: 'a' });
    expect(after(bare, clear(bare, '/p/match/listener/filterChain/filter/name', '/p'))).toEqual({ p: { match: { context: 'ANY' } } });
    expect(clear(document, '/p/nothing', '/p')).toEqual([]);
    expect(answer(document, { path: '/p/match/context', along: [] }, undefined, '/p')).toEqual([{ op: 'remove', path: '/p/match/context', value: null, to: null }]);
    expect(choose(document, { path: '/p/to', along: [] }, { value: 'X', without: ['/p/match/listener', '/p/other'] }, '/p').map(({ op, path }) => `${op} ${path}`)).toEqual(['remove /p/match/listener', 'set /p/to']);
  });

  it('make one value of another by the fields that differ alone', () => {
    const document = { v: { same: { deep: 1 }, gone: 1, list: [1, 2], 'a/b': 1 } };
    const wanted = { same: { deep: 1 }, list: [1, 3], 'a/b': 2, fresh: { x: 1 } };
    const made = become(document, '/v', wanted);
    expect(made.map(({ op, path }) => `${op} ${path}`)).toEqual(['remove /v/gone', 'set /v/list', 'set /v/a~1b', 'set /v/fresh']);
    expect(after(document, made)).toEqual({ v: wanted });
    expect(become(document, '/v', structuredClone(document.v))).toEqual([]);
  });

  it('keep to the schema that the cluster has', () => {
    const kind = realKinds().find((one) => one.kind === 'EnvoyFilter');
    if (!kind) throw new Error('no EnvoyFilter');
    const shape = new Shape(kind.fields);
    for (const one of guide(whole).parts.flatMap(({ stages }) => stages.flatMap(({ asks }) => asks))) expect(shape.at(shape.placeOf(one.path)), one.path).toBeDefined();
    expect(isRecord(kind.whole['spec'])).toBe(true);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { connect } from '../../wire/client';
import type { DocumentText, YamlClash, YamlReading } from '../../wire/generated/types';
import { Desk, type Sheet } from './desk.svelte';

// In place of YAML: `name: value` lines. What the core does with the texts is its own tests' matter.
const valueOf = (text: string): Record<string, string> => Object.fromEntries(text.split('\n').filter(Boolean).map((line) => line.split(': ') as [string, string]));
const textOf = (value: Record<string, string>): string => Object.entries(value).map(([name, of]) => `${name}: ${of}\n`).join('');
const reading = (yaml: string): YamlReading => ({ yaml, value: valueOf(yaml), problems: [], lines: {} });
const OBJECT = { group: 'g', kind: 'K', namespace: 'n', name: 'o' };

function merge(base: string, mine: string, theirs: string, takeTheirs: boolean): { yaml: string; clashes: YamlClash[]; changed: { path: string; before: string; after: string }[] } {
  const [old, own, live] = [valueOf(base), valueOf(mine), valueOf(theirs)];
  const changed = Object.keys(live).filter((name) => live[name] !== old[name]);
  const clashing = changed.filter((name) => own[name] !== old[name] && own[name] !== live[name]);
  const taken = changed.filter((name) => takeTheirs || !clashing.includes(name));
  return {
    yaml: textOf({ ...own, ...Object.fromEntries(taken.map((name) => [name, live[name] ?? ''])) }),
    clashes: clashing.map((path) => ({ path, mine: own[path] ?? '', theirs: live[path] ?? '' })),
    changed: changed.map((path) => ({ path, before: old[path] ?? '', after: live[path] ?? '' })),
  };
}

let host: FixtureHost;
let desk: Desk;
let sheet: Sheet;
const live = (yaml: string, resourceVersion: string): DocumentText => ({ object: OBJECT, yaml, resourceVersion, uid: 'u', managers: [{ name: 'argocd', operation: 'Apply', fields: ['a', 'b'] }], owner: '' });
const draft = { revision: 1, items: [], says: [], canUndo: false };
const kept = (): unknown[] => host.asked.filter(({ name }) => name.startsWith('draft_')).map(({ name, args }) => [name, (args as { yaml?: string }).yaml, (args as { base?: string }).base]);

beforeEach(async () => {
  host = fixtureHost({
    yamlRead: ({ yaml }) => reading(yaml),
    yamlMerge: ({ base, mine, theirs, takeTheirs }) => merge(base, mine, theirs, takeTheirs),
    draftPut: () => draft,
    draftRemove: () => draft,
  });
  connect(host);
  desk = new Desk('s');
  sheet = await desk.place({ object: OBJECT, live: 'a: 1\nb: 1\n', base: '1', text: 'a: 1\nb: 1\n', inTray: false });
});

describe('a document that is edited', () => {
  it('takes in what others change, says who, and has no edit of its own from it', async () => {
    await desk.follow(sheet, live('b: 1\na: 2\n', '2'));
    await desk.save();
    expect([sheet.text, sheet.isPending, sheet.base, sheet.news?.by]).toEqual(['b: 1\na: 2\n', false, '2', ['argocd']]);
    expect(kept()).toEqual([]);
  });

  it('keeps an edit beside it, on the new ground', async () => {
    desk.type(sheet, 'a: 1\nb: mine\n');
    await desk.follow(sheet, live('a: 2\nb: 1\n', '2'));
    await desk.save();
    expect([sheet.text, sheet.isPending, sheet.news?.clashes]).toEqual(['a: 2\nb: mine\n', true, []]);
    expect(kept().at(-1)).toEqual(['draft_put', 'a: 2\nb: mine\n', '2']);
  });

  it.each([
    [false, 'a: 2\nb: mine\n'],
    [true, 'a: 2\nb: theirs\n'],
  ])('asks where both changed one field, and loses nothing until then; theirs: %s', async (takeTheirs, text) => {
    desk.type(sheet, 'a: 1\nb: mine\n');
    await desk.follow(sheet, live('a: 2\nb: theirs\n', '2'));
    expect([sheet.text, sheet.base, sheet.news?.clashes.map(({ path }) => path)]).toEqual(['a: 1\nb: mine\n', '1', ['b']]);
    await desk.settle(sheet, takeTheirs);
    expect([sheet.text, sheet.base, sheet.news]).toEqual([text, '2', null]);
    desk.undo();
    await desk.follow(sheet, live('a: 2\nb: theirs\n', '2'));
    expect(sheet.text).toBe('a: 1\nb: mine\n');
  });

  it('is no news where it is what the user applied', async () => {
    desk.type(sheet, 'a: 5\nb: 1\n');
    await desk.follow(sheet, live('a: 5\nb: 1\n', '2'));
    expect([sheet.news, sheet.isPending]).toEqual([null, false]);
  });
});

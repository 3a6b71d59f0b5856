/** What a user does in a guide, as edits of the document. */
import type { GuideAsk, GuideOffer, YamlEdit } from '../../wire/generated/types';
import { isEqual, isRecord, parentOf, pointer, valueAt } from '../json';
import { setField } from '../schema-form/edits';
import { remove, set } from '../yaml-edits';

/** Takes a field away, and below `root` with it everything that would be left with nothing in it. */
export function clear(document: unknown, at: string, root: string): YamlEdit[] {
  if (valueAt(document, at) === undefined) return [];
  let gone = at;
  for (let above = parentOf(at); above.startsWith(`${root}/`); above = parentOf(above)) {
    const holder = valueAt(document, above);
    if (!isRecord(holder) || Object.keys(holder).length > 1) break;
    gone = above;
  }
  return [remove(gone)];
}

/** Sets a field with what has to stand beside it; nothing takes it away. */
export function answer(document: unknown, ask: Pick<GuideAsk, 'path' | 'along'>, value: unknown, root: string): YamlEdit[] {
  if (value === undefined || value === '') return clear(document, ask.path, root);
  const beside = ask.along.filter(({ path }) => valueAt(document, path) === undefined);
  return [...beside.map(({ path, value: first }) => set(path, first)), ...setField(document, ask.path, value)];
}

/** Chooses a value; what must not stand beside it leaves. */
export const choose = (document: unknown, ask: Pick<GuideAsk, 'path' | 'along'>, offer: Pick<GuideOffer, 'value' | 'without'>, root: string): YamlEdit[] => [
  ...offer.without.flatMap((path) => clear(document, path, root)),
  ...answer(document, ask, offer.value, root),
];

/** Makes one value of another by the fewest fields: what is the same in both keeps its comments. */
export function become(document: unknown, at: string, wanted: unknown): YamlEdit[] {
  const now = valueAt(document, at);
  if (isEqual(now, wanted)) return [];
  if (!isRecord(now) || !isRecord(wanted)) return [set(at, wanted)];
  const gone = Object.keys(now).filter((name) => !(name in wanted));
  return [...gone.map((name) => remove(pointer(at, name))), ...Object.keys(wanted).flatMap((name) => become(document, pointer(at, name), wanted[name]))];
}

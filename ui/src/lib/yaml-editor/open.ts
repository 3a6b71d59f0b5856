import { core } from '../../wire/client';
import type { Draft, ObjectRef, TemplateArgs } from '../../wire/generated/types';
import { keyOf, type SheetStart } from './desk.svelte';

/** What the tray holds of an object, where it holds something to edit. */
const waiting = (draft: Draft, object: ObjectRef): Draft['items'][number] | undefined =>
  draft.items.find((item) => item.change !== 'delete' && keyOf(item.object) === keyOf(object));

/** How to start editing an object that is there: from the tray where it was edited before, else from what is live. */
export async function startOf(session: string, object: ObjectRef): Promise<SheetStart> {
  const draft = await core.draft({ session });
  const item = waiting(draft, object);
  if (item?.change === 'create') {
    return { object, live: '', base: '', text: item.yaml, inTray: true };
  }
  // As the edit found it: what changed since then comes in by following the live object.
  if (item && item.baseYaml !== '') return { object, live: item.baseYaml, base: item.base, text: item.yaml, inTray: true };
  const { yaml, resourceVersion } = await core.document({ session, object });
  return { object, live: yaml, base: resourceVersion, text: item?.yaml ?? yaml, inTray: item !== undefined };
}

/** How to start a new object: from a template, or from the tray where one of that name waits. */
export async function startNew(args: TemplateArgs): Promise<SheetStart> {
  const [{ object, yaml }, draft] = await Promise.all([core.template(args), core.draft({ session: args.session })]);
  const item = waiting(draft, object);
  return { object, live: '', base: '', text: item?.yaml ?? yaml, inTray: item !== undefined };
}

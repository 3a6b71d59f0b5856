import { core } from '../../wire/client';
import type { Draft, ObjectRef, StarterArgs, Template, TemplateArgs } from '../../wire/generated/types';
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

/** How to start a new object: from what the core made, or from the tray where one of that name waits. */
async function startMade(session: string, made: Promise<Template>): Promise<SheetStart> {
  const [{ object, yaml }, draft] = await Promise.all([made, core.draft({ session })]);
  const item = waiting(draft, object);
  return { object, live: '', base: '', text: item?.yaml ?? yaml, inTray: item !== undefined };
}

export const startNew = (args: TemplateArgs): Promise<SheetStart> => startMade(args.session, core.template(args));

/** A new object of any kind. */
export const startKind = (args: StarterArgs): Promise<SheetStart> => startMade(args.session, core.starter(args));

/** A new object that says what another says. */
export const startCopy = (session: string, object: ObjectRef): Promise<SheetStart> => startMade(session, core.copy({ session, object }));

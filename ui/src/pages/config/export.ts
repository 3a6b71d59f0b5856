import { startOf } from '../../lib/yaml-editor/open';
import { toastFault, toasts } from '../../state/toasts.svelte';
import { host } from '../../wire/client';
import type { ObjectRef } from '../../wire/generated/types';
import { t } from './words';

/** So many are read at a time. */
const AT_ONCE = 8;

/** Saves objects as they are edited, or live, in one file: a document each, in the order given. */
export async function save(session: string, objects: readonly ObjectRef[], name: string): Promise<void> {
  try {
    const texts: string[] = [];
    for (let at = 0; at < objects.length; at += AT_ONCE) {
      const some = await Promise.all(objects.slice(at, at + AT_ONCE).map((object) => startOf(session, object)));
      texts.push(...some.map(({ text }) => (text.endsWith('\n') ? text : `${text}\n`)));
    }
    const path = await host().saveFile(name, texts.join('---\n'));
    if (path !== null) toasts.show({ tone: 'ok', title: t('exported', { n: objects.length }), detail: path });
  } catch (thrown) {
    toastFault(thrown);
  }
}

export const saveOne = (session: string, object: ObjectRef): Promise<void> => save(session, [object], `${object.kind.toLowerCase()}-${object.name}.yaml`);

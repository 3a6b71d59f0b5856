import Copy from '@lucide/svelte/icons/copy';
import Download from '@lucide/svelte/icons/download';
import FolderOpen from '@lucide/svelte/icons/folder-open';
import Trash2 from '@lucide/svelte/icons/trash-2';
import type { MenuItem } from '../../design/Menu.svelte';
import { goTo, objectPlace } from '../../state/links';
import { route } from '../../state/route.svelte';
import { toastFault, toasts } from '../../state/toasts.svelte';
import { core } from '../../wire/client';
import type { ObjectRef } from '../../wire/generated/types';
import { saveOne } from './export';
import { t } from './words';

/** Marks an object for deletion: a change in the tray like any other. Says whether it is in the tray. */
export async function erase(session: string, object: ObjectRef): Promise<boolean> {
  try {
    await core.draftDelete({ session, object });
    toasts.show({ tone: 'info', title: t('deleted', { kind: object.kind, name: object.name }), detail: t('deletedHint'), action: { label: t('open'), run: () => route.go('review') } });
    return true;
  } catch (thrown) {
    toastFault(thrown);
    return false;
  }
}

export const duplicate = ({ group, kind, namespace, name }: ObjectRef): void => route.go('config', { copy: 'yes', group, kind, namespace, name });

/** What can be done with an object of a list. */
export const actsOf = (session: string, object: ObjectRef): readonly MenuItem[] => [
  { label: t('open'), icon: FolderOpen, run: () => goTo(objectPlace(object)) },
  { label: t('duplicate'), icon: Copy, run: () => duplicate(object) },
  { label: t('export'), icon: Download, run: () => void saveOne(session, object) },
  { label: t('delete'), icon: Trash2, danger: true, run: () => void erase(session, object) },
];

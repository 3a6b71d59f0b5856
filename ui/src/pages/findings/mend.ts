import { keyOf } from '../../lib/yaml-editor/desk.svelte';
import { startOf } from '../../lib/yaml-editor/open';
import { core } from '../../wire/client';
import type { Draft, Finding } from '../../wire/generated/types';

/** Whether the tray holds the object of a finding. */
export const isPending = (draft: Draft | undefined, { object }: Finding): boolean => draft?.items.some((item) => keyOf(item.object) === keyOf(object)) ?? false;

/** Makes the quick fix of a finding in the object's text, the tray's where it holds one, and puts that into the tray. */
export async function mend(session: string, finding: Finding): Promise<void> {
  const { text, base } = await startOf(session, finding.object);
  const { yaml } = await core.yamlEdit({ yaml: text, edits: finding.fix });
  await core.draftPut({ session, yaml, base });
}

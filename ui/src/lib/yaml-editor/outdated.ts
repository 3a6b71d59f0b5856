import { core } from '../../wire/client';
import type { Desk, Sheet } from './desk.svelte';

/** Takes what is live now as the ground of a sheet. With `mine` the user's text stays on top of it. */
export async function rebase(desk: Desk, session: string, sheet: Sheet, mine: boolean): Promise<void> {
  const { yaml, resourceVersion } = await core.document({ session, object: sheet.object });
  const { value } = await core.yamlRead({ yaml });
  sheet.base = resourceVersion;
  sheet.live = yaml;
  sheet.liveValue = value;
  // Put again, on the new ground, even where the text is the same.
  sheet.kept = mine ? '' : sheet.kept;
  if (!mine) desk.replace(sheet, yaml);
  await desk.save();
}

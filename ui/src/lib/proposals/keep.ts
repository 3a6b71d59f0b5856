import { core } from '../../wire/client';
import type { Proposal } from '../../wire/generated/types';

/** Those that would change something. */
export const changing = (proposals: readonly Proposal[]): readonly Proposal[] => proposals.filter(({ before, after }) => before !== after);

/** Puts what was proposed into the tray, which says so itself. Throws what the core says. */
export async function keep(session: string, proposals: readonly Proposal[]): Promise<void> {
  for (const { after, base } of changing(proposals)) await core.draftPut({ session, yaml: after, base });
}

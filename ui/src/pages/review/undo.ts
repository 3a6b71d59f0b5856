import { core } from '../../wire/client';
import type { Applied, Review } from '../../wire/generated/types';

/** What undoing at once came to: done, or why it wants to be looked at first. */
export type Undone = { readonly applied: Applied } | { readonly review: Review };

/**
 * Undoes an entry in one step where nothing speaks against it: the dry-run is accepted, nobody changed the objects
 * since, nobody else owns the fields and nothing new would be wrong. Then what is written is exactly what was live, and shown, before.
 */
export async function undoAtOnce(session: string, entry: number): Promise<Undone> {
  const review = await core.undoReview({ session, entry, choices: [], leftOut: [] });
  if (!isPlain(review)) return { review };
  return { applied: await core.undo({ session, entry, token: review.token }) };
}

export const isPlain = (review: Review): boolean =>
  review.canApply &&
  review.findingsAdded.every(({ level }) => level !== 'error') &&
  review.items.every(({ accepted, conflicts, problems }) => accepted && conflicts.length === 0 && problems.length === 0);

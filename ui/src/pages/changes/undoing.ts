import { ask, type Query } from '../../state/query.svelte';
import { route } from '../../state/route.svelte';
import { core } from '../../wire/client';
import type { Applied, Review, UndoReviewArgs } from '../../wire/generated/types';
import { t as tReview } from '../review/words';
import { t } from './words';

/** What the user decided of it. */
export type Decided = Pick<UndoReviewArgs, 'choices' | 'leftOut'>;

/** What can be undone: how it is reviewed and done, and what leads back to it. */
export interface Undoing {
  readonly title: string;
  readonly backLabel: string;
  readonly back: () => void;
  readonly ask: (decided: () => Decided) => Query<Review>;
  readonly undo: (token: string) => Promise<Applied>;
}

/** One change. */
export const ofEntry = (session: string, entry: number): Undoing => ({
  title: t('undoTitle', { entry }),
  backLabel: tReview('backToChange'),
  back: () => route.go('changes', { entry: String(entry) }),
  ask: (decided) => ask('undoReview', () => ({ session, entry, ...decided() }), { keep: true }),
  undo: (token) => core.undo({ session, entry, token }),
});

/** All that a rollout changed. */
export const ofRollout = (session: string, rollout: number): Undoing => ({
  title: t('undoRolloutTitle', { rollout }),
  backLabel: t('backToRollout'),
  back: () => route.go('rollouts', { rollout: String(rollout) }),
  ask: (decided) => ask('rolloutUndoReview', () => ({ session, rollout, ...decided() }), { keep: true }),
  undo: (token) => core.rolloutUndo({ session, rollout, token }),
});

import type { Tone } from '../../design/tone';
import type { EntryRow, EntryState } from '../../wire/generated/types';
import { t } from './words';

export const stateWord: Readonly<Record<EntryState, () => string>> = {
  intended: () => t('intended'),
  applied: () => t('applied'),
  'rolled-back': () => t('rolledBack'),
  partial: () => t('partial'),
  undone: () => t('undone'),
};

export const stateTone: Readonly<Record<EntryState, Tone>> = {
  intended: 'warn',
  applied: 'ok',
  'rolled-back': 'plain',
  partial: 'bad',
  undone: 'plain',
};

export const canUndo = (state: EntryState): boolean => state === 'applied' || state === 'partial' || state === 'intended';

/** What the journal says of a change; of an undo in the user's language. */
export const whyWords = ({ message, undoes }: Pick<EntryRow, 'message' | 'undoes'>): string =>
  undoes === null
    ? message.replace(/^undo of (\d+), in part/, (_, entry: string) => t('undoOfPart', { entry })).replace(/^undo of rollout (.*), in part$/, (_, name: string) => t('undoRolloutOfPart', { name }))
    : message.replace(/^undo of \d+/, t('undoOf', { entry: undoes })).replace(/^undo of rollout (.*)$/, (_, name: string) => t('undoRolloutOf', { name }));

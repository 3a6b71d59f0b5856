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

/** The change of which this one undid a part; of a rollout its name. Null for every other change: what a person writes says the same in both languages. */
export function partOf({ message, zh, undoes }: Pick<EntryRow, 'message' | 'zh' | 'undoes'>): { readonly entry: number | null; readonly name: string } | null {
  const found = undoes === null && zh.startsWith('部分撤销') ? /^undo of (?:rollout (.*)|(\d+)), in part/.exec(message) : null;
  if (!found) return null;
  return { entry: found[2] === undefined ? null : Number(found[2]), name: found[1] ?? found[2] ?? '' };
}

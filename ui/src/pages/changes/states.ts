import type { Tone } from '../../design/tone';
import type { EntryState } from '../../wire/generated/types';
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

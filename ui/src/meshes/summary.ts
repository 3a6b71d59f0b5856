import { said } from '../i18n/said';
import type { ObjectRow } from '../wire/generated/types';
import { kindWords } from './kind-words';

/** What an object does, in a line; where its kind alone says it, what that is for. */
export function summaryOf({ object, summary, summaryZh }: Pick<ObjectRow, 'object' | 'summary' | 'summaryZh'>): string {
  const ofKind = summary !== '' && summaryZh === '' ? kindWords(object.group, object.kind) : '';
  return ofKind || said({ because: summary, zh: summaryZh });
}

import { locale } from '../../state/locale.svelte';
import type { AccessCall, AccessFlag } from '../../wire/generated/types';

/** A status as a colour; the number says the same. */
export const toneOfStatus = (status: number): 'plain' | 'ok' | 'warn' | 'bad' => (status >= 500 ? 'bad' : status >= 400 ? 'warn' : status >= 200 && status < 300 ? 'ok' : 'plain');

/** What the flags of a call mean; what nobody knows is left to its code. */
export function flagsInWords(call: AccessCall, cards: readonly AccessFlag[]): string {
  const word = (code: string): string => {
    const card = cards.find((one) => one.code === code);
    return (locale.language === 'zh' ? card?.zh : card?.what) ?? '';
  };
  return [...call.flags.map(word), call.failure].filter(Boolean).join('; ');
}

import { said } from '../../i18n/said';
import { locale } from '../../state/locale.svelte';
import type { DiagnosisCard, Ill } from '../../wire/generated/types';

/** What a diagnosis says in the language of now. */
type IllWords = { readonly what: string; readonly next: string };

export function wordsOf(ill: Ill, cards: readonly DiagnosisCard[]): IllWords {
  const card = cards.find(({ code }) => code === ill.code);
  if (!card) return { what: ill.code, next: '' };
  return locale.language === 'zh' ? card.zh : card;
}

/** A diagnosis in one line, for a cell: the object and what shows it first, since those differ from row to row. */
export function line(ill: Ill, cards: readonly DiagnosisCard[]): string {
  const object = ill.object ? `${ill.object.kind} ${ill.object.namespace}/${ill.object.name}` : '';
  return [wordsOf(ill, cards).what, object, ill.evidence.map(said).join('; ')].filter(Boolean).join(' · ');
}

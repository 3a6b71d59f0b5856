import { locale } from '../state/locale.svelte';
import type { Unknown } from '../wire/generated/types';

/** What the core says in both languages, in that of the window; what has no Chinese is told in English. */
export function said({ because, zh }: { readonly because: string; readonly zh: string }): string {
  return locale.language === 'zh' && zh !== '' ? zh : because;
}

/** The same of what is a message rather than a reason, as a finding's is. */
export const told = ({ message, zh }: { readonly message: string; readonly zh: string }): string => said({ because: message, zh });

/** What is not known. */
export const saidAbout = ({ about, aboutZh }: { readonly about: string; readonly aboutZh: string }): string => said({ because: about, zh: aboutZh });

/** What stands between a thing and what is said of it. */
export const colon = (): string => (locale.language === 'zh' ? '：' : ': ');

/** What is not known, and why, in one line. */
export const saidUnknown = (unknown: Unknown): string => `${saidAbout(unknown)}${colon()}${said(unknown)}`;

/** What to do next; empty where nothing can be done. */
export const saidHint = ({ hint, hintZh }: { readonly hint: string; readonly hintZh: string }): string => said({ because: hint, zh: hintZh });

/** Whom an effect is about. */
export const saidTitle = ({ title, titleZh }: { readonly title: string; readonly titleZh: string }): string => said({ because: title, zh: titleZh });

/** What becomes of them. */
export const saidDetail = ({ detail, detailZh }: { readonly detail: string; readonly detailZh: string }): string => said({ because: detail, zh: detailZh });

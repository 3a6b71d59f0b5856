import { locale } from '../state/locale.svelte';

/** What the core says in both languages, in that of the window; what has no Chinese is told in English. */
export function said({ because, zh }: { readonly because: string; readonly zh: string }): string {
  return locale.language === 'zh' && zh !== '' ? zh : because;
}

/** The same of what is a message rather than a reason, as a finding's is. */
export const told = ({ message, zh }: { readonly message: string; readonly zh: string }): string => said({ because: message, zh });

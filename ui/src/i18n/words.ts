import { locale } from '../state/locale.svelte';

/**
 * A catalogue is a folder's own `words.ts`: `export const t = words({ …English }, { …Chinese })`. The types hold it complete: a key
 * that is missing in one language, or a `{placeholder}` that the English text does not have, does not compile.
 */
type Plural = { readonly one?: string; readonly other: string };
type Message = string | Plural;
type Messages = Readonly<Record<string, Message>>;

type Names<S> = S extends `${string}{${infer N}}${infer Rest}` ? N | Names<Rest> : never;
type Params<M> = M extends Plural ? Names<M['other']> | Names<M['one']> | 'n' : Names<M>;
type Given<M> = [Params<M>] extends [never] ? [] : [{ readonly [K in Params<M> & string]: K extends 'n' ? number : string | number }];
type Fits<E, Z> = { [K in keyof Z]: K extends keyof E ? (Params<Z[K]> extends Params<E[K]> ? Z[K] : never) : never };

/** Looks up a text in the language of now; reading it in a template follows a switch of language. */
export type Words<E extends Messages> = <K extends keyof E & string>(key: K, ...given: Given<E[K]>) => string;

export function words<const E extends Messages, const Z extends { readonly [K in keyof E]: Message }>(en: E, zh: Z & Fits<E, Z>): Words<E> {
  return (key, ...given) => {
    const language = locale.language;
    const message: Message | undefined = (language === 'zh' ? (zh as Messages) : (en as Messages))[key];
    return message === undefined ? key : fill(message, given[0], language);
  };
}

function fill(message: Message, given: Readonly<Record<string, string | number>> | undefined, language: 'en' | 'zh'): string {
  const text = typeof message === 'string' ? message : choose(message, Number(given?.['n'] ?? 0), language);
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = given?.[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? rules[language].number.format(value) : value;
  });
}

function choose(message: Plural, n: number, language: 'en' | 'zh'): string {
  return rules[language].plural.select(n) === 'one' ? (message.one ?? message.other) : message.other;
}

/** Made once: to make one costs a web view more than a hundred uses of it, and a map of a thousand services asks for thousands. */
const rulesOf = (language: string): Rules => ({ number: new Intl.NumberFormat(language), plural: new Intl.PluralRules(language) });
const rules = { en: rulesOf('en'), zh: rulesOf('zh') };
type Rules = { readonly number: Intl.NumberFormat; readonly plural: Intl.PluralRules };

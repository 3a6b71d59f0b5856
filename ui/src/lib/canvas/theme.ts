import type { Ink } from './scene';

const INKS = ['ok', 'warn', 'bad', 'info', 'lock', 'idle', 'accent', 'text', 'text-2', 'text-3', 'v1', 'v2', 'v3', 'v4'] as const satisfies readonly Ink[];
const GROUNDS = ['bg', 'surface', 'raised', 'hover', 'line', 'line-strong', 'warn-dim', 'accent-dim'] as const;

/** The colours and fonts of now, read from the tokens: a canvas cannot use them itself. */
export interface Theme {
  readonly ink: Readonly<Record<Ink, string>>;
  readonly ground: Readonly<Record<(typeof GROUNDS)[number], string>>;
  readonly font: string;
}

export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const of = (token: string): string => style.getPropertyValue(`--${token}`).trim() || 'gray';
  return {
    ink: Object.fromEntries(INKS.map((ink) => [ink, of(ink)])) as Record<Ink, string>,
    ground: Object.fromEntries(GROUNDS.map((ground) => [ground, of(ground)])) as Theme['ground'],
    font: style.getPropertyValue('--font').trim() || 'sans-serif',
  };
}

/** Calls back whenever the window's theme changes. */
export function onTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class', 'style'] });
  const scheme = matchMedia('(prefers-color-scheme: light)');
  scheme.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    scheme.removeEventListener('change', changed);
  };
}

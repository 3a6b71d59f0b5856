import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/design/tokens.css', 'utf8');

function tokens(theme: string): Record<string, string> {
  const block = css.slice(css.indexOf(`[data-theme='${theme}']`)).split('}')[0] ?? '';
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string | undefined, b: string | undefined): number {
  if (!a || !b) throw new Error(`no such token: ${a} ${b}`);
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ['bg', 'surface', 'raised', 'hover'];
const TEXT = ['text', 'text-2', 'text-3', 'accent', 'ok', 'warn', 'bad', 'info', 'lock', 'v1', 'v2', 'v3', 'v4'];
const TINTED = ['ok', 'warn', 'bad', 'info', 'lock', 'accent'];

describe.each(['dark', 'light'])('%s', (theme) => {
  const of = tokens(theme);

  it.each(TEXT.flatMap((text) => GROUNDS.map((ground) => [text, ground] as const)))('%s is readable on %s', (text, ground) => {
    expect(contrast(of[text], of[ground])).toBeGreaterThanOrEqual(4.5);
  });

  it.each(TINTED)('%s is readable on its own tint', (text) => {
    expect(contrast(of[text], of[`${text}-dim`])).toBeGreaterThanOrEqual(4.5);
  });

  it('a primary button is readable', () => {
    expect(contrast(of['accent-ink'], of['accent'])).toBeGreaterThanOrEqual(4.5);
  });

  it.each(GROUNDS)('an idle mark is seen on %s', (ground) => {
    expect(contrast(of['idle'], of[ground])).toBeGreaterThanOrEqual(3);
  });
});

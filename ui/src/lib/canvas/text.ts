import type { Ink, Part } from './scene';
import type { Theme } from './theme';

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Fonts of the picture, at zoom 1. */
export const FONTS = { name: '600 12.5px', sub: '400 11px', label: '500 10.5px', group: '600 12px', groupSub: '400 11px', badge: '600 10px' } as const;
export type FontName = keyof typeof FONTS;

const widths = new Map<string, number>();
const MOST = 20_000;

/** Measures a text once. */
export function widthOf(ctx: Context, theme: Theme, font: FontName, text: string): number {
  const key = `${font}|${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > MOST) widths.clear();
    ctx.font = `${FONTS[font]} ${theme.font}`;
    width = ctx.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

/** What was measured before the fonts were there is wrong. */
export const forgetWidths = (): void => widths.clear();

/** As much of a text as fits, with an ellipsis where something is left out. */
export function shortened(text: string, room: number, measure: (text: string) => number): string {
  if (measure(text) <= room) return text;
  let [low, high] = [0, text.length - 1];
  while (low < high) {
    const half = Math.ceil((low + high) / 2);
    if (measure(`${text.slice(0, half).trimEnd()}…`) <= room) low = half;
    else high = half - 1;
  }
  return low === 0 ? '…' : `${text.slice(0, low).trimEnd()}…`;
}

/** Parts of a line in a room: what does not fit is shortened, then left out. */
export function fit(parts: readonly Part[], room: number, measure: (text: string) => number): Part[] {
  const line: Part[] = [];
  let left = room;
  for (const part of parts) {
    if (left < 8) break;
    const text = shortened(part.text, left, measure);
    line.push({ ...part, text });
    left -= measure(text);
  }
  return line;
}

export const lineWidth = (parts: readonly Part[], measure: (text: string) => number): number => parts.reduce((sum, part) => sum + measure(part.text), 0);

/** Draws the parts of a line from `x`; the font is set. Returns where it ends. */
export function drawLine(ctx: Context, theme: Theme, font: FontName, parts: readonly Part[], x: number, y: number, ink: Ink): number {
  ctx.font = `${FONTS[font]} ${theme.font}`;
  for (const part of parts) {
    const width = widthOf(ctx, theme, font, part.text);
    ctx.font = `${FONTS[font]} ${theme.font}`;
    ctx.fillStyle = theme.ink[part.ink ?? ink];
    ctx.fillText(part.text, x, y);
    if (part.struck) {
      const trimmed = widthOf(ctx, theme, font, part.text.trimEnd());
      ctx.font = `${FONTS[font]} ${theme.font}`;
      ctx.fillRect(x - 1, y - 4, trimmed + 2, 1);
    }
    x += width;
  }
  return x;
}

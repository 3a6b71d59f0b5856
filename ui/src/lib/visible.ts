/** A run of text, or one character that would not be seen or that would turn the text around. */
export type Piece = { readonly text: string; readonly hidden: boolean };

/**
 * First and last code point of what is hidden: controls but newline and tab, soft hyphen, fillers, zero width and bidirectional marks, line
 * separators, the BOM, variation selectors (but the two of emoji) and tags.
 */
const HIDDEN: readonly (readonly [number, number])[] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0d],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfffb],
  [0xe0000, 0xe0fff],
];

const isHidden = (point: number): boolean => HIDDEN.some(([first, last]) => point >= first && point <= last);

/** Splits a text of a cluster so that nothing in it is invisible: each hidden character becomes its code point. */
export function visible(text: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = '';
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    if (!isHidden(point)) {
      plain += char;
      continue;
    }
    if (plain) pieces.push({ text: plain, hidden: false });
    plain = '';
    pieces.push({ text: `U+${point.toString(16).toUpperCase().padStart(4, '0')}`, hidden: true });
  }
  if (plain) pieces.push({ text: plain, hidden: false });
  return pieces;
}

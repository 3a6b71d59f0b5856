/**
 * How well a text matches what was typed: 0 for not at all. All letters in order; a start of a word, a run, and a short text score more.
 * Blanks separate parts that may come in any order: `rev prod` finds `prod/reviews`.
 */
export function score(query: string, text: string): number {
  const parts = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (parts.length === 0) return 1;
  const lower = text.toLowerCase();
  let sum = 0;
  for (const part of parts) {
    const points = scorePart(part, lower);
    if (points === 0) return 0;
    sum += points;
  }
  return sum / parts.length;
}

function scorePart(part: string, text: string): number {
  const whole = text.indexOf(part);
  if (whole >= 0) return 100 + (startsWord(text, whole) ? 50 : 0) + (whole === 0 ? 25 : 0) + 20 * (part.length / text.length);
  let at = -1;
  let points = 0;
  for (const letter of part) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    points += next === at + 1 ? 3 : startsWord(text, next) ? 2 : 0.5;
    at = next;
  }
  return (points / part.length) * 20;
}

const startsWord = (text: string, at: number): boolean => at === 0 || /[\s/._:-]/.test(text[at - 1] ?? '');

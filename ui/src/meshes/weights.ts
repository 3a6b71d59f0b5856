/**
 * Weights of a split.
 *
 * The stated rule: weights are whole and add up to 100. Setting one takes its difference from the others in
 * proportion to what they have; pinned ones keep theirs. Where all the others have nothing, the first of them takes
 * all of it. Istio itself reads weights as proportions, so a split that adds up to something else is valid: it is
 * shown in per cent and rewritten to 100 by the first weight that is set.
 */

export const TOTAL = 100;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Splits `total` in proportion to `parts`, in whole numbers that add up exactly (largest remainder; ties to the first). */
export const apportion = (total: number, parts: readonly number[]): number[] => {
  if (parts.length === 0) return [];
  const whole = sum(parts);
  if (whole === 0) return parts.map((_, index) => (index === 0 ? total : 0));
  const exact = parts.map((part) => (total * part) / whole);
  const floors = exact.map(Math.floor);
  const order = exact
    .map((value, index) => ({ index, rest: value - Math.floor(value) }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index);
  for (const { index } of order.slice(0, total - sum(floors))) floors[index] = (floors[index] ?? 0) + 1;
  return floors;
};

/** Shares of 100 as a split's weights mean them. A single destination without a weight has all. */
export const shares = (weights: readonly (number | null)[]): number[] => {
  if (weights.length === 1) return [TOTAL];
  const known = weights.map((weight) => Math.max(0, weight ?? 0));
  return sum(known) === 0 ? known : known.map((weight) => (TOTAL * weight) / sum(known));
};

/** The weights after one is set. Never leaves 0 to 100; pinned ones bound what is left to give. */
export const moveWeight = (
  weights: readonly (number | null)[],
  index: number,
  wanted: number,
  pinned: ReadonlySet<number> = new Set(),
): number[] => {
  const now = normalised(weights);
  const free = now.map((_, other) => other).filter((other) => other !== index && !pinned.has(other));
  if (free.length === 0) return now;
  const kept = sum(now.filter((_, other) => other !== index && pinned.has(other)));
  const value = Math.min(TOTAL - kept, Math.max(0, Math.round(wanted)));
  const given = apportion(TOTAL - kept - value, free.map((other) => now[other] ?? 0));
  return now.map((weight, other) => {
    if (other === index) return value;
    const place = free.indexOf(other);
    return place < 0 ? weight : (given[place] ?? 0);
  });
};

/** The weights that remain when one destination goes: the others take its part in proportion. */
export const withoutWeight = (weights: readonly (number | null)[], index: number): number[] => {
  const rest = normalised(weights).filter((_, other) => other !== index);
  return apportion(TOTAL, rest);
};

/** Whole weights that add up to 100 and mean the same, as near as whole numbers can. */
export const normalised = (weights: readonly (number | null)[]): number[] => {
  const known = weights.length === 1 ? [TOTAL] : weights.map((weight) => Math.max(0, weight ?? 0));
  const isWhole = known.every(Number.isInteger) && sum(known) === TOTAL;
  return isWhole ? known : apportion(TOTAL, known);
};

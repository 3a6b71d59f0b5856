/** The place of the moment that is closest to a time; 0 where there is none. */
export function nearest(moments: readonly number[], at: number): number {
  let best = 0;
  for (let i = 1; i < moments.length; i += 1) if (Math.abs((moments[i] ?? 0) - at) < Math.abs((moments[best] ?? 0) - at)) best = i;
  return best;
}

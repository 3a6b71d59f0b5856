// How figures are said.
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** Middle, spread and number of some figures. */
export function said(figures, digits = 0) {
  const sorted = [...figures].sort((a, b) => a - b);
  if (sorted.length === 0) return 'none';
  const [min, p50, p95, p99, max] = [0, 0.5, 0.95, 0.99, 1].map((share) => at(sorted, share).toFixed(digits));
  return `p50 ${p50}, p95 ${p95}, p99 ${p99}, min ${min}, max ${max}, n ${sorted.length}`;
}

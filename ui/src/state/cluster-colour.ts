import type { ClusterCard } from '../wire/generated/types';

const COLOURS = ['--v1', '--v2', '--v3', '--v4', '--lock'] as const;

/** A cluster's own stripe: red for production, the accent for the demo, else always the same colour for the same cluster. */
export function clusterColour(card: Pick<ClusterCard, 'id' | 'production' | 'demo'>): string {
  if (card.production) return 'var(--bad)';
  if (card.demo) return 'var(--accent)';
  let hash = 0;
  for (const char of card.id) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return `var(${COLOURS[hash % COLOURS.length] ?? '--v1'})`;
}

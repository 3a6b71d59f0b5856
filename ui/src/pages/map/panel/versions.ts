import { versionColour } from '../../../design/tone';
import type { NodeDetail } from '../../../wire/generated/types';

/** Names of what a service's requests go to, in the order of their colours. */
export function versionNames(detail: NodeDetail): readonly string[] {
  const versions = detail.workloads.map(({ version, name }) => version || name);
  const shares = detail.rules.flatMap(({ destinations }) => destinations.map(({ name }) => name));
  return [...new Set([...versions.sort(), ...shares.sort()])];
}

export const colourIn = (names: readonly string[], name: string): string => versionColour(Math.max(0, names.indexOf(name)));

/** The service that a node stands for, as `namespace/name`; null for what has no route of its own. */
export const serviceOf = (node: string): string | null => (node.startsWith('service:') && !node.startsWith('service:/') ? node.slice('service:'.length) : null);

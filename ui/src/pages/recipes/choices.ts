import type { Graph } from '../../wire/generated/types';
import { byWork } from '../map/namespaces';
import { t } from './words';

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly detail?: string;
  /** It has no second version to move requests to. */
  readonly unfit?: boolean;
}

/** Versions of what stands behind a service, as the map of services has it. */
export function versionsOf(graph: Graph | undefined, service: string): readonly string[] {
  const id = `service:${service}`;
  const behind = new Set((graph?.edges ?? []).filter(({ from }) => from === id).map(({ to }) => to));
  const found = (graph?.nodes ?? []).filter((node) => (node.kind === 'workload' && behind.has(node.id)) || node.id === id);
  return [...new Set(found.map(({ version }) => version).filter((version) => version !== ''))].sort();
}

/** What a service has to choose between, in words. */
function versionWords(versions: readonly string[]): string {
  if (versions.length > 1) return versions.join(', ');
  return versions.length === 1 ? t('oneVersion', { version: versions[0] ?? '' }) : t('noVersion');
}

/** The services of the map by their namespace. Where requests go to another version, each says which it has. */
export const serviceChoices = (graph: Graph | undefined, byVersion = false): readonly Choice[] =>
  (graph?.nodes ?? [])
    .filter(({ kind }) => kind === 'service')
    .sort((a, b) => byWork(a.namespace, b.namespace) || a.name.localeCompare(b.name))
    .map(({ namespace, name }) => {
      const value = `${namespace}/${name}`;
      if (!byVersion) return { value, label: value };
      const versions = versionsOf(graph, value);
      return { value, label: value, detail: versionWords(versions), unfit: versions.length < 2 };
    });

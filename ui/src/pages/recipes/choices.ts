import type { Graph } from '../../wire/generated/types';
import { byWork } from '../map/namespaces';

interface Choice {
  readonly value: string;
  readonly label: string;
  readonly detail: string;
}

/** The services of the map, as a recipe names them. */
export const serviceChoices = (graph: Graph | undefined): readonly Choice[] =>
  (graph?.nodes ?? [])
    .filter(({ kind }) => kind === 'service')
    .map(({ namespace, name }) => ({ value: `${namespace}/${name}`, label: name, detail: namespace }))
    .sort((a, b) => byWork(a.detail, b.detail) || a.label.localeCompare(b.label));

/** Versions of the workloads that are called as a service is. */
export function versionsOf(graph: Graph | undefined, service: string): readonly string[] {
  const [namespace = '', name = ''] = service.split('/');
  const own = (graph?.nodes ?? []).filter((node) => node.kind === 'workload' && node.namespace === namespace && node.version !== '' && (node.name === name || node.name === `${name}-${node.version}`));
  return [...new Set(own.map(({ version }) => version))].sort();
}

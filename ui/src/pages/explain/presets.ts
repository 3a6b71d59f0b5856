import type { Graph, GraphNode } from '../../wire/generated/types';

export interface Asked {
  readonly from: string;
  readonly url: string;
}

const MOST = 4;

/** Services that are called now: those with errors first, then the busiest. */
export const busiest = ({ nodes }: Pick<Graph, 'nodes'>): GraphNode[] =>
  nodes
    .filter(({ kind, requestsPerSecond, ports }) => kind === 'service' && requestsPerSecond > 0 && ports.length > 0)
    .sort((a, b) => b.errorShare * b.requestsPerSecond - a.errorShare * a.requestsPerSecond || b.requestsPerSecond - a.requestsPerSecond || a.id.localeCompare(b.id))
    .slice(0, MOST);

/** The address of a service as a caller of this namespace writes it; the port is left out where it is HTTP's own. */
export function urlOf({ namespace, name, ports }: Pick<GraphNode, 'namespace' | 'name' | 'ports'>, from: string, port = ports[0]): string {
  const host = namespace === from ? name : `${name}.${namespace}`;
  return `http://${host}${port === undefined || port === 80 ? '' : `:${String(port)}`}/`;
}

/** Every service and port, as one of this namespace would call it; a host outside by its name. */
export const targets = ({ nodes }: Pick<Graph, 'nodes'>, from: string): { value: string; label: string; detail: string }[] =>
  nodes.flatMap((node) => {
    if (node.kind === 'external' && !node.name.includes(' ')) return [{ value: `https://${node.name}/`, label: `https://${node.name}/`, detail: '' }];
    return node.ports.map((port) => ({ value: urlOf(node, from, port), label: urlOf(node, from, port), detail: node.namespace }));
  });

import type { MapLevel } from '../../wire/generated/types';

/** From so many services on, their boxes are too small to read on one window: it is entered by its namespaces. */
const MANY = 400;

/** What the map shows: what was asked for, else what can be read of so many services. */
export function levelOf(asked: string, services: number): MapLevel {
  if (asked === 'services' || asked === 'workloads' || asked === 'namespaces') return asked;
  return services > MANY ? 'namespaces' : 'services';
}

/** The name in a namespace's id; null for every other node. */
export function namespaceOf(id: string): string | null {
  return id.startsWith('namespace:') ? id.slice('namespace:'.length) : null;
}

/** The node that stands for another one on this level: a namespace for what is in it. */
export function standIn(level: MapLevel, id: string): string {
  const namespace = /^(?:service|workload):([^/]+)\//.exec(id)?.[1];
  return level === 'namespaces' && namespace !== undefined ? `namespace:${namespace}` : id;
}

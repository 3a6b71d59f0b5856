import type { Graph, ObjectRef, ObjectRow } from '../../wire/generated/types';
import { apiDialect } from '../../meshes/gateway-api/route';
import { serviceOfHost } from '../../meshes/istio/route';
import { byWork } from '../map/namespaces';

/** A service in the list of routes, with the objects that route it. */
export interface ServiceRow {
  /** `shop/reviews`; for a host that is no service of the cluster, the host. */
  key: string;
  namespace: string;
  name: string;
  /** Not a service of the cluster: a host outside, or a wildcard. */
  isHost: boolean;
  routes: ObjectRow[];
  rules: ObjectRow[];
  /** Routes of the Gateway API: each has a picture of its own. */
  apiRoutes: ObjectRow[];
  requestsPerSecond: number;
  findings: number;
  isPending: boolean;
}

const VIRTUAL_SERVICE = 'VirtualService';

/** Whether an object says where requests go. */
export const isRoute = ({ group, kind }: ObjectRef): boolean =>
  (group === 'networking.istio.io' && [VIRTUAL_SERVICE, 'DestinationRule'].includes(kind)) || apiDialect({ group, kind }) !== null;

/** Every service, those with a route first; hosts that objects name and no service answers to are rows of their own. */
export function serviceRows(objects: readonly ObjectRow[], graph: Graph | undefined): ServiceRow[] {
  const rows = new Map<string, ServiceRow>();
  for (const node of graph?.nodes ?? []) {
    if (node.kind !== 'service') continue;
    const row = rowOf(rows, { namespace: node.namespace, name: node.name }, '');
    row.requestsPerSecond = node.requestsPerSecond;
    row.isPending ||= node.pending;
  }
  for (const object of objects) {
    for (const host of object.hosts) {
      const row = rowOf(rows, serviceOfHost(host, object.object.namespace), host);
      const list = apiDialect(object.object) ? row.apiRoutes : object.object.kind === VIRTUAL_SERVICE ? row.routes : row.rules;
      if (!list.includes(object)) {
        list.push(object);
        row.findings += object.findings;
        row.isPending ||= object.pending;
      }
    }
  }
  return [...rows.values()].sort((a, b) => rank(a) - rank(b) || byWork(a.namespace, b.namespace) || a.name.localeCompare(b.name));
}

const rank = (row: ServiceRow): number => (row.routes.length + row.apiRoutes.length > 0 ? 0 : row.rules.length > 0 ? 1 : 2);

function rowOf(rows: Map<string, ServiceRow>, service: { namespace: string; name: string } | null, host: string): ServiceRow {
  const key = service ? `${service.namespace}/${service.name}` : host;
  const row = rows.get(key) ?? {
    key,
    namespace: service?.namespace ?? '',
    name: service?.name ?? host,
    isHost: service === null,
    routes: [],
    rules: [],
    apiRoutes: [],
    requestsPerSecond: 0,
    findings: 0,
    isPending: false,
  };
  rows.set(key, row);
  return row;
}

/** The row that an object belongs to. */
export const rowOfObject = (rows: readonly ServiceRow[], kind: string, namespace: string, name: string): ServiceRow | undefined =>
  rows.find(({ routes, rules }) =>
    [...routes, ...rules].some(({ object }) => object.kind === kind && object.namespace === namespace && object.name === name),
  );

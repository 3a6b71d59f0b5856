import type { ObjectRef } from '../wire/generated/types';
import { route, type Params } from './route.svelte';

/** Addresses that lead from one page to a thing on another. A page reads its own parameters from `route.params`. */
type Place = { readonly page: string; readonly params: Params };

const ROUTING = ['VirtualService', 'DestinationRule', 'Gateway', 'ServiceEntry', 'Sidecar', 'HTTPRoute', 'GRPCRoute'];
/** API groups of policies; kinds of two meshes may share a name. */
const POLICIES = ['security.istio.io', 'policy.linkerd.io', 'cilium.io'];

/** A node of the map: `service:shop/reviews`. */
export const nodePlace = (node: string): Place => ({ page: 'map', params: { node } });

/** Whether an object is a policy, of whichever mesh. */
export const isPolicy = ({ group, kind }: ObjectRef): boolean => POLICIES.includes(group) && !ROUTING.includes(kind);

/** Where an object is edited; `path` is the field to show. Things that are not authored are shown on the map. */
export function objectPlace(object: ObjectRef, path = ''): Place {
  const page = ROUTING.includes(object.kind) ? 'routes' : isPolicy(object) ? 'security' : null;
  if (page) return { page, params: { kind: object.kind, namespace: object.namespace, name: object.name, path } };
  const level = object.kind === 'Service' ? 'service' : 'workload';
  return nodePlace(`${level}:${object.namespace}/${object.name}`);
}

export const goTo = ({ page, params }: Place): void => route.go(page, params);

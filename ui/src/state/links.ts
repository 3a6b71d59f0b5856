import type { ObjectRef } from '../wire/generated/types';
import { route, type Params } from './route.svelte';

/** Addresses that lead from one page to a thing on another. A page reads its own parameters from `route.params`. */
type Place = { readonly page: string; readonly params: Params };

/** API groups of policies; kinds of two meshes may share a name. */
const POLICIES = ['security.istio.io', 'policy.linkerd.io', 'cilium.io'];
/** Kinds that have a picture of their own, by group and kind, and the page that draws it. */
const PICTURES: Readonly<Record<string, string>> = {
  'networking.istio.io/VirtualService': 'routes',
  'networking.istio.io/DestinationRule': 'routes',
  'security.istio.io/PeerAuthentication': 'security',
  'security.istio.io/AuthorizationPolicy': 'security',
};
/** Groups whose objects are authored: all of a mesh, none of Kubernetes itself. */
const AUTHORED = /(^|\.)(istio\.io|linkerd\.io|cilium\.io|gateway\.networking\.k8s\.io)$/;

/** Kinds of Kubernetes itself that the map draws. */
const DRAWN = new Set(['Service', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob']);

/** A node of the map: `service:shop/reviews`. */
export const nodePlace = (node: string): Place => ({ page: 'map', params: { node } });

/** One proxy, by namespace and pod. */
export const proxyPlace = (namespace: string, pod: string): Place => ({ page: 'proxy', params: { proxy: `${namespace}/${pod}` } });

/** Whether an object is a policy, of whichever mesh. */
export const isPolicy = ({ group, kind }: ObjectRef): boolean => POLICIES.includes(group) && !kind.endsWith('Route');

/** Where an object is edited as a picture; null where there is none of its kind. */
export function picturePlace({ group, kind, namespace, name }: ObjectRef, path = ''): Place | null {
  const page = PICTURES[`${group}/${kind}`];
  return page ? { page, params: { kind, namespace, name, path } } : null;
}

/** Whether an object can be looked at anywhere here: a Secret, a ServiceAccount or a webhook's configuration cannot. */
export const hasPlace = ({ group, kind }: ObjectRef): boolean => AUTHORED.test(group) || DRAWN.has(kind);

/** The form of all of an object's fields, also where it has a picture. */
export const formPlace = ({ group, kind, namespace, name }: ObjectRef, path = ''): Place => ({ page: 'config', params: { group, kind, namespace, name, path } });

/** Where an object is edited; `path` is the field to show. Things that are not authored are shown on the map. */
export function objectPlace(object: ObjectRef, path = ''): Place {
  const { group, kind, namespace, name } = object;
  const picture = picturePlace(object, path);
  if (picture) return picture;
  if (AUTHORED.test(group)) return formPlace(object, path);
  return nodePlace(`${kind === 'Service' ? 'service' : 'workload'}:${namespace}/${name}`);
}

export const goTo = ({ page, params }: Place): void => route.go(page, params);

import { isPolicy } from '../../state/links';
import { isSystem } from '../map/namespaces';
import type { Graph, GraphGroup, ObjectRow } from '../../wire/generated/types';

/** A namespace with its policies and how protected it is. */
export interface NamespaceGroup {
  namespace: string;
  /** What the map says of it; null where nothing runs in it. */
  box: GraphGroup | null;
  policies: ObjectRow[];
}

/** What guards comes first, then who may call, then by whom callers are known. */
const ORDER = ['PeerAuthentication', 'Server', 'AuthorizationPolicy', 'RequestAuthentication'];
const rank = (kind: string): number => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);

/** Where a namespace stands in the list: what holds for the whole mesh, what is in the mesh, and last what neither is nor is worked in. */
const place = ({ namespace, box, policies }: NamespaceGroup, root: string): number => {
  if (namespace === root) return 0;
  if (box?.inMesh || policies.length > 0) return 1;
  return isSystem(namespace) ? 3 : 2;
};

/** Namespaces in order: those that hold for the whole mesh first, then those in the mesh, each by name. */
export function namespaceGroups(objects: readonly ObjectRow[], graph: Graph | undefined, root: string): NamespaceGroup[] {
  const groups = new Map<string, NamespaceGroup>();
  const of = (namespace: string): NamespaceGroup => {
    const group = groups.get(namespace) ?? { namespace, box: null, policies: [] };
    groups.set(namespace, group);
    return group;
  };
  for (const box of graph?.groups ?? []) if (box.namespace !== '') of(box.namespace).box = box;
  for (const object of objects) if (isPolicy(object.object)) of(object.object.namespace).policies.push(object);
  for (const group of groups.values()) {
    group.policies.sort((a, b) => rank(a.object.kind) - rank(b.object.kind) || a.object.kind.localeCompare(b.object.kind) || a.object.name.localeCompare(b.object.name));
  }
  return [...groups.values()].sort((a, b) => place(a, root) - place(b, root) || a.namespace.localeCompare(b.namespace));
}

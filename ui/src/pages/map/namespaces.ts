/** Where clusters and meshes keep their own parts. */
const SYSTEM: ReadonlySet<string> = new Set([
  'istio-system',
  'linkerd',
  'linkerd-viz',
  'cilium-secrets',
  'cert-manager',
  'gatekeeper-system',
  'kube-node-lease',
  'kube-public',
  'kube-system',
  'local-path-storage',
  'metallb-system',
]);

export const isSystem = (namespace: string): boolean => SYSTEM.has(namespace);

/** By name, those that people work in first. */
export const byWork = (a: string, b: string): number => Number(isSystem(a)) - Number(isSystem(b)) || a.localeCompare(b);

/** The namespaces that people work in; none named, which asks for all, where there is nothing to leave out or nothing else. */
export function workNamespaces(all: readonly string[]): readonly string[] {
  const work = all.filter((namespace) => !isSystem(namespace));
  return work.length === all.length ? [] : work;
}

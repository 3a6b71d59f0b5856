import type { MeshSeen } from '../wire/generated/types';

const NAMES: Readonly<Record<string, string>> = { istio: 'Istio', linkerd: 'Linkerd', cilium: 'Cilium', 'gateway-api': 'Gateway API' };

/** A mesh's name as its makers write it. */
export const meshName = (mesh: string): string => NAMES[mesh.toLowerCase()] ?? mesh;

/** `Istio 1.28.0, 1.27.3` */
export const meshInWords = ({ mesh, versions }: MeshSeen): string =>
  [meshName(mesh), versions.map((version) => version.replace(/^v/, '')).join(', ')].filter(Boolean).join(' ');

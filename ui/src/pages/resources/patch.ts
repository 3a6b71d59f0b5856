import type { SizeAdvice } from '../../wire/generated/types';

/** What makes an advice so, as it is written: annotations of the pod template, or the resources of the proxy's container. */
export function patchOf({ place, annotations }: SizeAdvice): string {
  if (place === 'annotations') return Object.entries(annotations).map(([name, value]) => `${name}: "${value}"`).join('\n');
  const of = (name: string): string => annotations[`sidecar.istio.io/proxy${name}`] ?? '';
  return `resources:\n  requests:\n    cpu: ${of('CPU')}\n    memory: ${of('Memory')}\n  limits:\n    cpu: ${of('CPULimit')}\n    memory: ${of('MemoryLimit')}`;
}

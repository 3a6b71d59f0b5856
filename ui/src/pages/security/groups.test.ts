import { expect, test } from 'vitest';
import { hasPlace, isPolicy, objectPlace } from '../../state/links';
import type { Graph, GraphGroup, ObjectRef, ObjectRow } from '../../wire/generated/types';
import { namespaceGroups } from './groups';

const object = (group: string, kind: string, name: string): ObjectRef => ({ group, kind, namespace: 'loyalty', name });
const row = (of: ObjectRef): ObjectRow => ({ object: of }) as ObjectRow;

test('policies of every mesh stand in their namespace, what guards first', () => {
  const objects = [
    object('policy.linkerd.io', 'NetworkAuthentication', 'pods'),
    object('policy.linkerd.io', 'AuthorizationPolicy', 'callers'),
    object('policy.linkerd.io', 'Server', 'points'),
    object('policy.linkerd.io', 'HTTPRoute', 'a'),
    object('networking.istio.io', 'VirtualService', 'b'),
  ].map(row);
  const [group] = namespaceGroups(objects, undefined, 'istio-system');
  expect(group?.policies.map((policy) => policy.object.kind)).toEqual(['Server', 'AuthorizationPolicy', 'NetworkAuthentication']);
});

test('what holds for all comes first, then what is in the mesh, and last what is the cluster’s own', () => {
  const box = (namespace: string, inMesh: boolean): GraphGroup => ({ namespace, inMesh }) as GraphGroup;
  const groups = [box('kube-system', false), box('default', false), box('shop', true), box('istio-system', false)];
  expect(namespaceGroups([], { groups } as unknown as Graph, 'istio-system').map(({ namespace }) => namespace)).toEqual(['istio-system', 'shop', 'default', 'kube-system']);
});

test('what has a picture leads there, all else that is authored to the configuration', () => {
  expect(isPolicy(object('policy.linkerd.io', 'Server', 'points'))).toBe(true);
  expect(objectPlace(object('security.istio.io', 'AuthorizationPolicy', 'points')).page).toBe('security');
  expect(objectPlace(object('networking.istio.io', 'VirtualService', 'a')).page).toBe('routes');
  for (const group of ['policy.linkerd.io', 'gateway.networking.k8s.io', 'telemetry.istio.io', 'cilium.io']) expect(objectPlace(object(group, 'HTTPRoute', 'a')).page).toBe('config');
  expect(objectPlace(object('apps', 'Deployment', 'points-v1')).page).toBe('map');
  const of = (group: string, kind: string): boolean => hasPlace(object(group, kind, 'a'));
  expect([of('', 'Service'), of('apps', 'DaemonSet'), of('telemetry.istio.io', 'Telemetry'), of('', 'Secret'), of('', 'ServiceAccount'), of('admissionregistration.k8s.io', 'MutatingWebhookConfiguration')]).toEqual([true, true, true, false, false, false]);
});

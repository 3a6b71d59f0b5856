import { describe, expect, it } from 'vitest';
import { workNamespaces } from './namespaces';

describe('namespaces that are drawn at first', () => {
  it.each([
    [[], []],
    [['shop', 'dev'], []],
    [['istio-system', 'kube-system'], []],
    [['istio-system', 'kube-system', 'shop'], ['shop']],
    [['my-istio-system', 'linkerd', 'dev'], ['my-istio-system', 'dev']],
  ])('of %j: %j', (all, drawn) => {
    expect(workNamespaces(all)).toEqual(drawn);
  });
});

import type { Component } from 'svelte';
import { summaryOf } from '../meshes/summary';
import { pages } from '../pages/pages';
import { goTo, nodePlace, objectPlace } from '../state/links';
import { keys } from '../state/keys.svelte';
import { ask } from '../state/query.svelte';
import { route } from '../state/route.svelte';
import { session } from '../state/session.svelte';
import type { GraphNode, ObjectRef } from '../wire/generated/types';
import { t } from './words';

/** Something that Ctrl-K can go to or do. */
export type Item = {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly detail: string;
  readonly icon?: Component;
  readonly keys?: string;
  /** Breaks ties: pages before objects. */
  readonly weight: number;
  readonly run: () => void;
};

/** Everything there is to go to, asked for only while the palette is open. Call while a component is set up. */
export function paletteItems(open: () => boolean): () => readonly Item[] {
  const here = (): string | null => (open() ? session.id : null);
  const clusters = ask('clusters', () => (open() ? {} : null));
  const graph = (level: 'services' | 'workloads') =>
    ask('graph', () => {
      const id = here();
      return id === null ? null : { session: id, windowSeconds: 300, level, namespaces: [] };
    });
  const services = graph('services');
  const workloads = graph('workloads');
  const objects = ask('objects', () => {
    const id = here();
    return id === null ? null : { session: id, kinds: [], namespace: '' };
  });

  return () => [
    ...pages.filter((page) => !page.ofOne && (!page.needsCluster || session.id !== null)).map(
      (page): Item => ({ id: `page ${page.id}`, kind: t('page'), label: page.title(), detail: '', icon: page.icon, weight: 9, run: () => route.go(page.id) }),
    ),
    ...keys.all.filter((binding) => !binding.quiet).map(
      (binding): Item => ({ id: `key ${binding.keys}`, kind: t('action'), label: binding.label, detail: '', keys: binding.keys, weight: 6, run: binding.run }),
    ),
    ...(clusters.data?.clusters ?? []).map(
      (card): Item => ({ id: `cluster ${card.id}`, kind: t('cluster'), label: card.name, detail: card.server, weight: 8, run: () => void session.enter(card.id) }),
    ),
    ...once([...(services.data?.nodes ?? []), ...(workloads.data?.nodes ?? [])]).map(ofNode),
    ...(objects.data ?? []).map((row) => ofObject(row.object, summaryOf(row))),
  ];
}

/** A workload that stands for itself is on both maps. */
const once = (nodes: readonly GraphNode[]): readonly GraphNode[] => [...new Map(nodes.map((node) => [node.id, node])).values()];

const ofNode = (node: GraphNode): Item => ({
  id: `node ${node.id}`,
  kind: t(node.kind),
  label: node.name,
  detail: node.namespace,
  weight: 4,
  run: () => goTo(nodePlace(node.id)),
});

const ofObject = (object: ObjectRef, summary: string): Item => ({
  id: `object ${object.kind} ${object.namespace} ${object.name}`,
  kind: object.kind,
  label: object.name,
  detail: [object.namespace, summary].filter(Boolean).join(' · '),
  weight: 2,
  run: () => goTo(objectPlace(object)),
});

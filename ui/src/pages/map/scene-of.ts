import { figure, millis, percent, rate } from '../../i18n/format';
import type { Ink, Part, SceneEdge, SceneGroup, SceneInput, SceneNode } from '../../lib/canvas/scene';
import type { Graph, GraphEdge, GraphGroup, GraphNode, Secured } from '../../wire/generated/types';
import { t } from './words';

/** What edges say. */
export const FACTS = ['rate', 'errors', 'latency', 'mtls'] as const;
export type Fact = (typeof FACTS)[number];

/** From here on errors deserve a look, and from there they are a fault. */
const SOME_ERRORS = 0.01;
const MANY_ERRORS = 0.05;
const VERSIONS: readonly Ink[] = ['v1', 'v2', 'v3', 'v4'];

/** The map's answer as a picture: colours, dashes and words for what it means. */
export function sceneOf(graph: Graph, facts: ReadonlySet<Fact>): SceneInput {
  const inks = versionInks(graph);
  const shares = new Map(graph.edges.filter(({ share, pendingShare }) => share !== null || pendingShare !== null).map((edge) => [edge.to, edge]));
  return {
    width: graph.width,
    height: graph.height,
    groups: graph.groups.map(groupOf),
    nodes: graph.nodes.map((node) => nodeOf(node, shares.get(node.id), inks.get(node.id) ?? null)),
    edges: graph.edges.map((edge) => edgeOf(edge, facts, inks)),
  };
}

/** Versions of one service have a colour each, in the order of their names: the same as in the panel and its chart. */
export function versionInks(graph: Graph): ReadonlyMap<string, Ink> {
  const of = new Map<string, string[]>();
  for (const { from, to, share, pendingShare } of graph.edges) {
    const version = share !== null || pendingShare !== null || (from.startsWith('service:') && to.startsWith('workload:'));
    if (version) of.set(from, [...(of.get(from) ?? []), to]);
  }
  const inks = new Map<string, Ink>();
  for (const versions of of.values()) {
    versions.sort().forEach((id, i) => inks.set(id, VERSIONS[i % VERSIONS.length] ?? 'v1'));
  }
  return inks;
}

function groupOf(group: GraphGroup): SceneGroup {
  const { x, y, w, h, namespace, inMesh, workloads, requestsPerSecond } = group;
  const mesh = mtlsOf(inMesh, group.mtls);
  const load = requestsPerSecond > 0 ? t('perSecond', { rate: figure(requestsPerSecond) }) : '';
  return { x, y, w, h, title: namespace, sub: [mesh, t('workloadCount', { n: workloads }), load].filter(Boolean).join(' · '), dashed: !inMesh };
}

function mtlsOf(inMesh: boolean, mtls: string): string {
  return inMesh ? (mtls === 'mixed' ? t('mixed') : mtls) : t('outsideMesh');
}

function nodeOf(node: GraphNode, edge: GraphEdge | undefined, stripe: Ink | null): SceneNode {
  const { id, x, y, w, h, name, health, findings, pending } = node;
  return {
    id, x, y, w, h, health, stripe,
    title: name,
    sub: subOf(node, edge),
    dashed: !node.inMesh,
    badge: findings,
    pending: pending || edge?.pendingShare != null,
  };
}

function subOf(node: GraphNode, edge: GraphEdge | undefined): Part[] {
  if (node.kind === 'namespace') return joined([mtlsOf(node.inMesh, node.version), t('workloadCount', { n: node.versions })].filter(Boolean).map((text) => [{ text }]));
  // A host is outside of the cluster; callers that nobody can name are not hosts.
  if (node.kind === 'external' || node.namespace === '') return node.name.includes(' ') ? [] : [{ text: t('outsideCluster') }];
  if (node.versions > 1) return [{ text: t('versions', { n: node.versions }) }];
  const rest = [
    node.kind === 'gateway' ? t('gateway') : '',
    edge ? '' : node.version,
    // A share that is about to change takes the room.
    edge?.pendingShare != null ? '' : node.pods === 0 ? t('noPods') : t('pods', { n: node.pods }),
    node.inMesh || node.pods === 0 ? '' : t('noProxy'),
  ].filter(Boolean);
  return joined([...shareOf(edge), ...rest.map((text) => [{ text }])]);
}

/** `90 %`, or the old share struck out beside the one that waits in the tray. */
function shareOf(edge: GraphEdge | undefined): Part[][] {
  if (!edge) return [];
  const now = edge.share ?? 0;
  if (edge.pendingShare === null) return edge.share === null ? [] : [[{ text: percent(whole(now)) }]];
  return [[{ text: percent(whole(now)), struck: true }, { text: ` ${percent(whole(edge.pendingShare))} ${t('pending')}`, ink: 'accent' }]];
}

/** Measured shares waver: whole percents are what can be compared. */
const whole = (share: number): number => (share > 0 && share < 0.01 ? share : Math.round(share * 100) / 100);

const joined = (groups: readonly (readonly Part[])[]): Part[] =>
  groups.flatMap((parts, i) => (i === 0 ? [...parts] : [{ text: ' · ' }, ...parts]));

function edgeOf(edge: GraphEdge, facts: ReadonlySet<Fact>, inks: ReadonlyMap<string, Ink>): SceneEdge {
  const refused = edge.deniedPerSecond > 0 && edge.deniedPerSecond >= edge.requestsPerSecond / 2;
  const lock = facts.has('mtls') ? edge.secured : 'unknown';
  return {
    id: edge.id,
    from: edge.from,
    to: edge.to,
    points: edge.points,
    ink: inkOf(edge, refused, inks),
    width: widthOf(edge.requestsPerSecond),
    dashed: edge.pendingCut || edge.pendingShare !== null,
    cut: edge.pendingCut || refused,
    lock: lock === 'mtls' ? 'lock' : lock === 'plaintext' || lock === 'mixed' ? 'open' : null,
    word: lock === 'plaintext' ? t('plain') : lock === 'mixed' ? t('partPlain') : '',
    label: labelOf(edge, facts),
    more: moreOf(edge),
    weight: (refused || edge.pendingCut ? 1e9 : 0) + (edge.pendingShare !== null ? 1e8 : 0) + edge.errorShare * 1e6 + edge.requestsPerSecond,
  };
}

function inkOf(edge: GraphEdge, refused: boolean, inks: ReadonlyMap<string, Ink>): Ink {
  if (edge.pendingCut || refused || edge.errorShare >= MANY_ERRORS) return 'bad';
  if (edge.errorShare >= SOME_ERRORS) return 'warn';
  const version = inks.get(edge.to);
  const moving = edge.requestsPerSecond > 0 || (edge.pendingShare ?? 0) > 0;
  if (!moving) return 'idle';
  if (edge.share !== null || edge.pendingShare !== null) return version ?? 'ok';
  return edge.secured === 'plaintext' || edge.secured === 'mixed' ? 'warn' : 'ok';
}

/** Wider for more requests, by their order of magnitude: a hundred times as many are about twice as wide. */
export const widthOf = (perSecond: number): number => (perSecond <= 0 ? 1.1 : Math.min(4.5, 1.4 + 0.62 * Math.log10(1 + perSecond)));

function labelOf(edge: GraphEdge, facts: ReadonlySet<Fact>): Part[] {
  if (edge.pendingCut) return [{ text: rate(edge.requestsPerSecond), struck: true }, { text: ` ${t('cutOff')}`, ink: 'bad' }];
  const parts: Part[][] = [];
  const failing = edge.errorShare >= SOME_ERRORS;
  if (edge.deniedPerSecond > 0 && facts.has('errors')) parts.push([{ text: t('deniedLabel', { rate: rate(edge.deniedPerSecond) }), ink: 'bad' }]);
  else if (facts.has('errors') && failing) {
    parts.push([{ text: t('errorsLabel', { share: percent(round(edge.errorShare)) }), ink: edge.errorShare >= MANY_ERRORS ? 'bad' : 'warn' }]);
  } else if (facts.has('rate') && (edge.requestsPerSecond > 0 || edge.pendingShare !== null)) parts.push([{ text: rate(edge.requestsPerSecond) }]);
  if (facts.has('latency') && edge.p99 !== null) parts.push([{ text: millis(edge.p99) }]);
  return joined(parts);
}

const round = (share: number): number => Math.round(share * 1000) / 1000;

/** Everything measured, for the edge under the pointer. */
function moreOf(edge: GraphEdge): Part[] {
  const quiet = (text: string): Part[] => [{ text, ink: 'text-2' }];
  const errors: Part = { text: t('errorsLabel', { share: percent(round(edge.errorShare)) }), ink: edge.errorShare >= SOME_ERRORS ? 'bad' : 'text-2' };
  return joined([
    [{ text: rate(edge.requestsPerSecond) }],
    [errors],
    ...(edge.p50 === null ? [] : [quiet(`p50 ${millis(edge.p50)}`)]),
    ...(edge.p99 === null ? [] : [quiet(`p99 ${millis(edge.p99)}`)]),
    ...(edge.protocol ? [quiet(edge.protocol)] : []),
    [{ text: securedWord(edge.secured), ink: edge.secured === 'mtls' ? 'lock' : edge.secured === 'plaintext' || edge.secured === 'mixed' ? 'warn' : 'text-2' }],
  ]);
}

export function securedWord(secured: Secured): string {
  switch (secured) {
    case 'mtls':
      return t('securedMtls');
    case 'tls':
      return t('securedTls');
    case 'plaintext':
      return t('securedPlaintext');
    case 'mixed':
      return t('securedMixed');
    case 'unknown':
      return t('securedUnknown');
  }
}

/** Nodes whose name or namespace holds all words of the search; null for no search. */
export function search(nodes: readonly { readonly namespace: string; readonly name: string; readonly version: string }[], query: string): ReadonlySet<number> | null {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const text = nodes.map(({ namespace, name, version }) => `${namespace}/${name} ${version}`.toLowerCase());
  return new Set(text.flatMap((of, i) => (words.every((word) => of.includes(word)) ? [i] : [])));
}

import type { Health } from '../../wire/generated/types';
import { boundsOf } from './curve';
import type { Box } from './view';

/** A colour of the design language, by its token. */
export type Ink = 'ok' | 'warn' | 'bad' | 'info' | 'lock' | 'idle' | 'accent' | 'text' | 'text-2' | 'text-3' | 'v1' | 'v2' | 'v3' | 'v4';

/** A piece of a line of text; the old value of a pending change is struck out. */
export interface Part {
  readonly text: string;
  readonly ink?: Ink;
  readonly struck?: boolean;
}

export interface SceneGroup extends Box {
  readonly title: string;
  readonly sub: string;
  readonly dashed: boolean;
}

export interface SceneNode extends Box {
  readonly id: string;
  readonly title: string;
  readonly sub: readonly Part[];
  readonly health: Health;
  /** Outside of the mesh. */
  readonly dashed: boolean;
  /** Findings; 0 for none. */
  readonly badge: number;
  /** The tray changes it. */
  readonly pending: boolean;
  /** A version's own colour, as a stripe. */
  readonly stripe: Ink | null;
}

export interface SceneEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly points: readonly number[];
  readonly ink: Ink;
  readonly width: number;
  readonly dashed: boolean;
  /** The tray cuts it off, or its requests are refused: it ends in a bar, not in an arrow. */
  readonly cut: boolean;
  readonly lock: 'lock' | 'open' | null;
  /** Beside the lock, for what is not mutual TLS: `plain`. */
  readonly word: string;
  readonly label: readonly Part[];
  /** More, for the edge under the pointer. */
  readonly more: readonly Part[];
  /** Troubled edges are drawn and labelled first. */
  readonly weight: number;
}

export interface SceneInput {
  readonly width: number;
  readonly height: number;
  readonly groups: readonly SceneGroup[];
  readonly nodes: readonly SceneNode[];
  readonly edges: readonly SceneEdge[];
}

/** A picture ready to draw: places in typed arrays, neighbours by index. */
export interface Scene extends SceneInput {
  readonly box: Box;
  /** x, y, w, h a node. */
  readonly rects: Float32Array;
  /** All points of all edges. */
  readonly points: Float32Array;
  /** First index in `points` of each edge, and the end of the last. */
  readonly starts: Uint32Array;
  /** left, top, right, bottom an edge. */
  readonly bounds: Float32Array;
  readonly indexOf: ReadonlyMap<string, number>;
  readonly edgeOf: ReadonlyMap<string, number>;
  /** Ends of each edge; -1 where there is none. */
  readonly from: Int32Array;
  readonly to: Int32Array;
}

export function makeScene(input: SceneInput): Scene {
  const { nodes, edges } = input;
  const rects = new Float32Array(nodes.length * 4);
  nodes.forEach((node, i) => rects.set([node.x, node.y, node.w, node.h], i * 4));
  const starts = new Uint32Array(edges.length + 1);
  edges.forEach((edge, i) => (starts[i + 1] = (starts[i] ?? 0) + edge.points.length));
  const points = new Float32Array(starts[edges.length] ?? 0);
  const bounds = new Float32Array(edges.length * 4);
  const indexOf = new Map(nodes.map((node, i) => [node.id, i]));
  edges.forEach((edge, i) => {
    points.set(edge.points, starts[i]);
    const box = boundsOf(edge.points);
    bounds.set([box.x, box.y, box.x + box.w, box.y + box.h], i * 4);
  });
  return {
    ...input,
    box: { x: 0, y: 0, w: input.width, h: input.height },
    rects,
    points,
    starts,
    bounds,
    indexOf,
    edgeOf: new Map(edges.map((edge, i) => [edge.id, i])),
    from: Int32Array.from(edges, (edge) => indexOf.get(edge.from) ?? -1),
    to: Int32Array.from(edges, (edge) => indexOf.get(edge.to) ?? -1),
  };
}

export const rectOf = (scene: Pick<Scene, 'rects'>, node: number): Box => ({
  x: scene.rects[node * 4] ?? 0,
  y: scene.rects[node * 4 + 1] ?? 0,
  w: scene.rects[node * 4 + 2] ?? 0,
  h: scene.rects[node * 4 + 3] ?? 0,
});

export const curveOf = (scene: Pick<Scene, 'points' | 'starts'>, edge: number): Float32Array =>
  scene.points.subarray(scene.starts[edge], scene.starts[edge + 1]);

/** Nodes that touch what is in sight. */
export function nodesIn(scene: Pick<Scene, 'rects'>, { x, y, w, h }: Box): number[] {
  const { rects } = scene;
  const found = [];
  for (let o = 0; o < rects.length; o += 4) {
    const [left, top, wide, tall] = [rects[o] ?? 0, rects[o + 1] ?? 0, rects[o + 2] ?? 0, rects[o + 3] ?? 0];
    if (left <= x + w && left + wide >= x && top <= y + h && top + tall >= y) found.push(o / 4);
  }
  return found;
}

/** Edges whose bounds touch what is in sight. */
export function edgesIn(scene: Pick<Scene, 'bounds'>, { x, y, w, h }: Box): number[] {
  const { bounds } = scene;
  const found = [];
  for (let o = 0; o < bounds.length; o += 4) {
    if ((bounds[o] ?? 0) <= x + w && (bounds[o + 2] ?? 0) >= x && (bounds[o + 1] ?? 0) <= y + h && (bounds[o + 3] ?? 0) >= y) found.push(o / 4);
  }
  return found;
}

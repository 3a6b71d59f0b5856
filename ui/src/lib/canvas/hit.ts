import { distanceTo } from './curve';
import { curveOf, rectOf, type Scene } from './scene';
import type { Point } from './view';

const CELL = 160;
/** An edge is cut into cells along its bounds; one that would fill more than this is asked by its bounds alone. */
const MOST_CELLS = 64;

/** What lies where, in cells, so that a moving pointer asks a few things and not ten thousand. */
export interface HitGrid {
  readonly nodes: ReadonlyMap<number, readonly number[]>;
  readonly edges: ReadonlyMap<number, readonly number[]>;
  readonly wide: readonly number[];
}

const key = (column: number, row: number): number => column * 65_536 + row;
const cell = (length: number): number => Math.floor(length / CELL) + 1024;

export function makeGrid(scene: Scene): HitGrid {
  const nodes = new Map<number, number[]>();
  const edges = new Map<number, number[]>();
  const wide: number[] = [];
  scene.nodes.forEach((_, i) => {
    const { x, y, w, h } = rectOf(scene, i);
    fill(nodes, x, y, x + w, y + h, i);
  });
  scene.edges.forEach((_, i) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = scene.bounds.subarray(i * 4, i * 4 + 4);
    if (!fill(edges, left - 8, top - 8, right + 8, bottom + 8, i)) wide.push(i);
  });
  return { nodes, edges, wide };
}

function fill(into: Map<number, number[]>, left: number, top: number, right: number, bottom: number, item: number): boolean {
  const [c0, c1, r0, r1] = [cell(left), cell(right), cell(top), cell(bottom)];
  if ((c1 - c0 + 1) * (r1 - r0 + 1) > MOST_CELLS) return false;
  for (let c = c0; c <= c1; c++) {
    for (let r = r0; r <= r1; r++) {
      const at = key(c, r);
      const list = into.get(at);
      if (list) list.push(item);
      else into.set(at, [item]);
    }
  }
  return true;
}

/** The node at a point of the picture, or -1. */
export function nodeAt(scene: Scene, grid: HitGrid, { x, y }: Point): number {
  const near = grid.nodes.get(key(cell(x), cell(y))) ?? [];
  return (
    near.find((i) => {
      const rect = rectOf(scene, i);
      return x >= rect.x && x <= rect.x + rect.w && y >= rect.y && y <= rect.y + rect.h;
    }) ?? -1
  );
}

/** The edge nearest to a point, within a reach; -1 for none. */
export function edgeAt(scene: Scene, grid: HitGrid, point: Point, reach: number): number {
  let best = { edge: -1, distance: reach };
  for (const edge of [...(grid.edges.get(key(cell(point.x), cell(point.y))) ?? []), ...grid.wide]) {
    const [left = 0, top = 0, right = 0, bottom = 0] = scene.bounds.subarray(edge * 4, edge * 4 + 4);
    if (point.x < left - reach || point.x > right + reach || point.y < top - reach || point.y > bottom + reach) continue;
    const distance = distanceTo(curveOf(scene, edge), point);
    if (distance < best.distance) best = { edge, distance };
  }
  return best.edge;
}

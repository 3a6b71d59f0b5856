import { labelPlaces } from './curve';
import { curveOf, nodesIn, rectOf, type Scene } from './scene';
import type { Box, Point } from './view';

/** Boxes that are taken, in cells, so that labels never lie on one another or on a node. */
class Taken {
  private readonly cells = new Map<number, Box[]>();

  add(box: Box): void {
    for (const at of keys(box)) {
      const list = this.cells.get(at);
      if (list) list.push(box);
      else this.cells.set(at, [box]);
    }
  }

  free(box: Box): boolean {
    return keys(box).every((at) => (this.cells.get(at) ?? []).every((other) => apart(box, other)));
  }
}

const SIZE = 96;

function keys({ x, y, w, h }: Box): number[] {
  const found = [];
  for (let c = Math.floor(x / SIZE); c <= Math.floor((x + w) / SIZE); c++) {
    for (let r = Math.floor(y / SIZE); r <= Math.floor((y + h) / SIZE); r++) found.push((c + 4096) * 65_536 + r + 4096);
  }
  return found;
}

const apart = (a: Box, b: Box): boolean => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;

export interface PlacedLabel {
  readonly edge: number;
  readonly at: Point;
}

/**
 * Where the labels of these edges stand: each at the first of its places that is free, the troubled ones first. An edge without a free
 * place shows its label only under the pointer. `sizeOf` gives the label's size in the picture's measure; its middle is the place.
 */
export function placeLabels(scene: Scene, edges: readonly number[], sight: Box, sizeOf: (edge: number) => { w: number; h: number }): PlacedLabel[] {
  const taken = new Taken();
  for (const node of nodesIn(scene, sight)) taken.add(rectOf(scene, node));
  // The names of the boxes.
  for (const { x, y, w } of scene.groups) taken.add({ x, y: y + 3, w, h: 24 });
  const found: PlacedLabel[] = [];
  const order = [...edges].sort((a, b) => (scene.edges[b]?.weight ?? 0) - (scene.edges[a]?.weight ?? 0) || a - b);
  for (const edge of order) {
    const { w, h } = sizeOf(edge);
    if (w === 0) continue;
    for (const at of labelPlaces(curveOf(scene, edge))) {
      const box = { x: at.x - w / 2, y: at.y - h / 2, w, h };
      if (!taken.free(box)) continue;
      taken.add(box);
      found.push({ edge, at });
      break;
    }
  }
  return found;
}

import { rectOf, type Scene } from './scene';

export type Direction = 'left' | 'right' | 'up' | 'down';

const AHEAD: Readonly<Record<Direction, readonly [number, number]>> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

/**
 * The next node when walking: to the right the callee that is called most, to the left the caller that calls most, as long as they lie
 * that way; else the nearest node in the direction. -1 where the picture ends.
 */
export function step(scene: Scene, from: number, direction: Direction): number {
  if (scene.nodes.length === 0) return -1;
  if (from < 0) return 0;
  const [ax, ay] = AHEAD[direction];
  const here = middle(scene, from);
  const along = (node: number): number => {
    const there = middle(scene, node);
    return (there.x - here.x) * ax + (there.y - here.y) * ay;
  };
  if (ax !== 0) {
    const joined = neighbours(scene, from, direction).filter((node) => along(node) > 1);
    if (joined[0] !== undefined) return joined[0];
  }
  let best = { node: -1, cost: Infinity };
  scene.nodes.forEach((_, node) => {
    const ahead = along(node);
    if (node === from || ahead <= 1) return;
    const there = middle(scene, node);
    const aside = Math.abs((there.x - here.x) * ay) + Math.abs((there.y - here.y) * ax);
    // Up and down keep to the column; what lies aside counts more than what lies far.
    const cost = ahead + aside * 3;
    if (cost < best.cost) best = { node, cost };
  });
  return best.node;
}

/** Callees (or, to the left, callers), the strongest edge first. */
function neighbours(scene: Scene, node: number, direction: Direction): number[] {
  const [near, far] = direction === 'right' ? [scene.from, scene.to] : [scene.to, scene.from];
  return scene.edges
    .map((edge, i) => ({ i, weight: edge.width }))
    .filter(({ i }) => near[i] === node && (far[i] ?? -1) >= 0 && far[i] !== node)
    .sort((a, b) => b.weight - a.weight || a.i - b.i)
    .map(({ i }) => far[i] ?? -1);
}

function middle(scene: Scene, node: number): { x: number; y: number } {
  const { x, y, w, h } = rectOf(scene, node);
  return { x: x + w / 2, y: y + h / 2 };
}

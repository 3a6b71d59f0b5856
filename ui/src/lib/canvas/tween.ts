import type { Scene } from './scene';

/** Whether two scenes differ in where things are, not only in what they say. */
export function moved(before: Scene, after: Scene): boolean {
  if (before.nodes.length !== after.nodes.length || before.points.length !== after.points.length) return true;
  if (before.nodes.some((node, i) => node.id !== after.nodes[i]?.id)) return true;
  if (before.edges.some((edge, i) => edge.id !== after.edges[i]?.id)) return true;
  return before.rects.some((at, i) => at !== after.rects[i]) || before.points.some((at, i) => at !== after.points[i]);
}

/** `after` on its way from `before`: nodes glide, edges whose course is the same glide with them. `t` runs from 0 to 1. */
export function between(before: Scene, after: Scene, t: number): Scene {
  const eased = 1 - (1 - t) ** 3;
  const mix = (from: number, to: number): number => from + (to - from) * eased;
  const rects = after.rects.slice();
  after.nodes.forEach((node, i) => {
    const was = before.indexOf.get(node.id);
    if (was === undefined) return;
    for (let j = 0; j < 4; j++) rects[i * 4 + j] = mix(before.rects[was * 4 + j] ?? 0, after.rects[i * 4 + j] ?? 0);
  });
  const points = after.points.slice();
  after.edges.forEach((edge, i) => {
    const was = before.edgeOf.get(edge.id);
    if (was === undefined) return;
    const [from, to] = [before.starts[was] ?? 0, after.starts[i] ?? 0];
    const length = (after.starts[i + 1] ?? 0) - to;
    if ((before.starts[was + 1] ?? 0) - from !== length) return;
    for (let j = 0; j < length; j++) points[to + j] = mix(before.points[from + j] ?? 0, after.points[to + j] ?? 0);
  });
  const former = new Map(before.groups.map((group) => [group.title, group]));
  const groups = after.groups.map((group) => {
    const was = former.get(group.title);
    return was ? { ...group, x: mix(was.x, group.x), y: mix(was.y, group.y), w: mix(was.w, group.w), h: mix(was.h, group.h) } : group;
  });
  return { ...after, rects, points, groups };
}

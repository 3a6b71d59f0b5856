import { arrival, pointAt, segments } from './curve';
import type { PlacedLabel } from './labels';
import { curveOf, edgesIn, nodesIn, rectOf, type Part, type Scene, type SceneEdge, type SceneNode } from './scene';
import { drawLine, fit, lineWidth, shortened, widthOf, type Context } from './text';
import type { Theme } from './theme';
import { detailAt, inSight, writingAt, type Box, type Detail, type Point, type View } from './view';

/** What is shown beside the scene itself. */
export interface Shown {
  readonly selected: number;
  /** A node or an edge under the pointer, or the node that the keyboard is at. */
  readonly hoverNode: number;
  readonly hoverEdge: number;
  /** Nodes that the search found; the rest is dimmed. Null for no search. */
  readonly found: ReadonlySet<number> | null;
  /** An edge that is being drawn, from a node to a point of the picture. */
  readonly drawing: { readonly from: number; readonly to: Point; readonly target: number } | null;
  readonly labels: readonly PlacedLabel[];
}

const FAINT = 0.22;

/** Draws what is in sight. The context's transform is the identity at CSS pixels times `ratio`. */
export function paint(ctx: Context, scene: Scene, view: View, size: { w: number; h: number; ratio: number }, theme: Theme, shown: Shown): void {
  const { w, h, ratio } = size;
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, w, h);
  ctx.setTransform(ratio * view.k, 0, 0, ratio * view.k, ratio * view.dx, ratio * view.dy);
  const sight = inSight(view, w, h);
  const detail = detailAt(view.k);
  paintGroups(ctx, scene, sight, theme, view.k);
  if (detail !== 'shapes') paintHeadings(ctx, scene, sight, theme, view.k);
  const near = nearest(scene, shown);
  const edges = edgesIn(scene, sight).sort((a, b) => (scene.edges[a]?.weight ?? 0) - (scene.edges[b]?.weight ?? 0));
  // From afar, many lines must not drown what they join.
  const calm = detail === 'shapes' && scene.edges.length > 60 ? 0.38 : 1;
  for (const edge of edges) {
    const strength = strengthOfEdge(scene, edge, shown, near);
    paintEdge(ctx, scene, edge, theme, view.k, near?.has(edge) ? 1 : strength * calm, edge === shown.hoverEdge);
  }
  if (detail === 'all') paintLabels(ctx, scene, sight, theme, shown, near, writingAt(view.k));
  for (const node of nodesIn(scene, sight)) paintNode(ctx, scene, node, theme, detail, view.k, shown);
  if (detail === 'shapes') paintHeadings(ctx, scene, sight, theme, view.k);
  paintFloating(ctx, scene, view, size, theme, shown);
}

/** What floats above a cached picture too: the label under the pointer and the edge that is being drawn. */
export function paintFloating(ctx: Context, scene: Scene, view: View, { ratio }: { ratio: number }, theme: Theme, shown: Shown): void {
  ctx.setTransform(ratio * view.k, 0, 0, ratio * view.k, ratio * view.dx, ratio * view.dy);
  if (shown.drawing) paintDrawing(ctx, scene, theme, shown.drawing, view.k);
  const edge = scene.edges[shown.hoverEdge];
  if (edge && edge.more.length > 0) paintMore(ctx, scene, shown.hoverEdge, edge, theme, view.k);
}

/** The edges of the selected node stand out. */
function nearest(scene: Scene, shown: Shown): ReadonlySet<number> | null {
  const node = shown.selected;
  if (node < 0) return null;
  const near = new Set<number>();
  scene.edges.forEach((_, i) => {
    if (scene.from[i] === node || scene.to[i] === node) near.add(i);
  });
  return near;
}

function strengthOfEdge(scene: Scene, edge: number, shown: Shown, near: ReadonlySet<number> | null): number {
  if (edge === shown.hoverEdge) return 1;
  const { found } = shown;
  if (found && !(found.has(scene.from[edge] ?? -1) && found.has(scene.to[edge] ?? -1))) return FAINT;
  return near && near.size > 0 && !near.has(edge) ? 0.45 : 1;
}

const outOf = (box: Box, sight: Box): boolean =>
  box.w === 0 || box.x > sight.x + sight.w || box.x + box.w < sight.x || box.y > sight.y + sight.h || box.y + box.h < sight.y;

function paintGroups(ctx: Context, scene: Scene, sight: Box, theme: Theme, k: number): void {
  for (const group of scene.groups) {
    if (outOf(group, sight)) continue;
    ctx.beginPath();
    ctx.roundRect(group.x, group.y, group.w, group.h, 12);
    ctx.fillStyle = theme.ground.surface;
    ctx.fill();
    ctx.lineWidth = 1 / Math.min(1, k);
    ctx.strokeStyle = theme.ground.line;
    ctx.setLineDash(group.dashed ? [5, 4] : []);
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

/** Names of the boxes. From afar they keep their size and stand above everything, on ground of their own. */
function paintHeadings(ctx: Context, scene: Scene, sight: Box, theme: Theme, k: number): void {
  const scale = Math.min(Math.max(1, 0.92 / k), 16);
  const afar = detailAt(k) === 'shapes';
  for (const group of scene.groups) {
    if (outOf(group, sight)) continue;
    const room = (group.w - 28) / scale;
    const title = shortened(group.title, afar ? Math.max(room, 40) : room, (text) => widthOf(ctx, theme, 'group', text));
    const used = widthOf(ctx, theme, 'group', title);
    ctx.save();
    // Larger writing grows upwards: the nodes begin right below.
    ctx.translate(group.x + (afar ? 0 : 14), group.y + (afar ? 0 : Math.max(2, 10 - (scale - 1) * 12)));
    ctx.scale(scale, scale);
    if (afar) {
      ctx.fillStyle = theme.ground.hover;
      ctx.beginPath();
      ctx.roundRect(0, -4, used + 10, 18, 4);
      ctx.fill();
      drawLine(ctx, theme, 'group', [{ text: title }], 5, 9, 'text');
    } else {
      const sub = fits(ctx, theme, group.sub, room - used - 16);
      drawLine(ctx, theme, 'group', [{ text: title }], 0, 12, 'text-2');
      drawLine(ctx, theme, 'groupSub', [{ text: sub }], room - widthOf(ctx, theme, 'groupSub', sub), 12, 'text-3');
    }
    ctx.restore();
  }
}

/** The leading words of `a · b · c` that fit; half a number is none. */
function fits(ctx: Context, theme: Theme, text: string, room: number): string {
  const words = text.split(' · ');
  while (words.length > 0 && widthOf(ctx, theme, 'groupSub', words.join(' · ')) > room) words.pop();
  return words.join(' · ');
}

function trace(ctx: Context, points: ArrayLike<number>, end: Point): void {
  ctx.beginPath();
  ctx.moveTo(points[0] ?? 0, points[1] ?? 0);
  const last = segments(points) - 1;
  for (let s = 0; s <= last; s++) {
    const o = s * 6 + 2;
    const [x, y] = s === last ? [end.x, end.y] : [points[o + 4] ?? 0, points[o + 5] ?? 0];
    ctx.bezierCurveTo(points[o] ?? 0, points[o + 1] ?? 0, points[o + 2] ?? 0, points[o + 3] ?? 0, x, y);
  }
}

function paintEdge(ctx: Context, scene: Scene, index: number, theme: Theme, k: number, strength: number, hovered: boolean): void {
  const edge = scene.edges[index];
  const points = curveOf(scene, index);
  if (!edge || points.length < 8) return;
  const n = points.length;
  const tip = { x: points[n - 2] ?? 0, y: points[n - 1] ?? 0 };
  const ahead = arrival(points);
  const head = 6 + edge.width * 0.9;
  ctx.globalAlpha = strength;
  ctx.strokeStyle = theme.ink[edge.ink];
  ctx.fillStyle = theme.ink[edge.ink];
  // Thin lines of a far picture stay visible: never less than half a pixel.
  ctx.lineWidth = Math.max(edge.width + (hovered ? 1.2 : 0), 0.55 / k);
  ctx.setLineDash(edge.dashed ? [6, 4] : []);
  trace(ctx, points, { x: tip.x - ahead.x * head * 0.7, y: tip.y - ahead.y * head * 0.7 });
  ctx.stroke();
  ctx.setLineDash([]);
  if (edge.cut) paintBar(ctx, tip, ahead, theme.ink.bad);
  else paintHead(ctx, tip, ahead, head);
  ctx.globalAlpha = 1;
}

function paintHead(ctx: Context, tip: Point, { x, y }: Point, size: number): void {
  const half = size * 0.48;
  ctx.beginPath();
  ctx.moveTo(tip.x, tip.y);
  ctx.lineTo(tip.x - x * size - y * half, tip.y - y * size + x * half);
  ctx.lineTo(tip.x - x * size + y * half, tip.y - y * size - x * half);
  ctx.closePath();
  ctx.fill();
}

/** Where requests do not get through: a cross before the callee. */
function paintBar(ctx: Context, tip: Point, { x, y }: Point, colour: string): void {
  const [cx, cy] = [tip.x - x * 9, tip.y - y * 9];
  ctx.strokeStyle = colour;
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (const side of [1, -1]) {
    ctx.moveTo(cx - (x + side * y) * 5, cy - (y - side * x) * 5);
    ctx.lineTo(cx + (x + side * y) * 5, cy + (y - side * x) * 5);
  }
  ctx.stroke();
}

const LOCK = 10;

/** The size of an edge's label in the picture's measure; nothing where it has none. */
export function labelSize(ctx: Context, theme: Theme, edge: SceneEdge): { w: number; h: number } {
  const text = lineWidth(labelParts(edge), (part) => widthOf(ctx, theme, 'label', part));
  const lock = edge.lock === null ? 0 : LOCK + (text > 0 ? 3 : 0);
  return text + lock === 0 ? { w: 0, h: 0 } : { w: text + lock + 8, h: 16 };
}

function labelParts(edge: SceneEdge): readonly Part[] {
  if (!edge.word) return edge.label;
  return [{ text: edge.label.length > 0 ? `${edge.word} ` : edge.word, ink: 'warn' }, ...edge.label];
}

function paintLabels(ctx: Context, scene: Scene, sight: Box, theme: Theme, shown: Shown, near: ReadonlySet<number> | null, writing: number): void {
  for (const { edge, at } of shown.labels) {
    const of = scene.edges[edge];
    if (!of || at.x < sight.x - 80 || at.x > sight.x + sight.w + 80 || at.y < sight.y - 20 || at.y > sight.y + sight.h + 20) continue;
    const strength = strengthOfEdge(scene, edge, shown, near);
    paintLabel(ctx, scene, of, at, theme, strength === 1 ? 1 : Math.max(strength, 0.3), writing);
  }
}

function paintLabel(ctx: Context, scene: Scene, edge: SceneEdge, at: Point, theme: Theme, strength: number, writing: number): void {
  const { w, h } = labelSize(ctx, theme, edge);
  const inside = scene.groups.some((group) => at.x > group.x && at.x < group.x + group.w && at.y > group.y && at.y < group.y + group.h);
  ctx.save();
  ctx.translate(at.x, at.y);
  ctx.scale(writing, writing);
  ctx.fillStyle = inside ? theme.ground.surface : theme.ground.bg;
  ctx.beginPath();
  ctx.roundRect(-w / 2, -h / 2, w, h, 5);
  ctx.fill();
  ctx.globalAlpha = strength;
  let x = -w / 2 + 4;
  if (edge.lock !== null) {
    paintLock(ctx, x, -5.5, theme.ink[edge.lock === 'lock' ? 'lock' : 'warn'], edge.lock === 'open');
    x += LOCK + 3;
  }
  drawLine(ctx, theme, 'label', labelParts(edge), x, 3.6, 'text-2');
  ctx.restore();
}

function paintLock(ctx: Context, x: number, y: number, colour: string, open: boolean): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.3;
  ctx.beginPath();
  ctx.roundRect(x + 1, y + 4.5, 8, 6, 1.3);
  ctx.moveTo(x + 3, y + 4.5);
  ctx.lineTo(x + 3, y + 3);
  ctx.arc(x + 5, y + 3, 2, Math.PI, open ? Math.PI * 1.8 : 0);
  if (!open) ctx.lineTo(x + 7, y + 4.5);
  ctx.stroke();
}

/** From a node's sides to its writing: the mark of its health stands at the left. */
const INSET = 25;
const EDGE = 7;

function paintNode(ctx: Context, scene: Scene, index: number, theme: Theme, detail: Detail, k: number, shown: Shown): void {
  const node = scene.nodes[index];
  if (!node) return;
  const { x, y, w, h } = rectOf(scene, index);
  const [selected, hovered] = [index === shown.selected, index === shown.hoverNode || index === shown.drawing?.target];
  ctx.globalAlpha = shown.found && !shown.found.has(index) ? FAINT : 1;
  ctx.beginPath();
  ctx.roundRect(x, y, w, h, 7);
  ctx.fillStyle = fillOf(node, theme, detail, hovered);
  ctx.fill();
  ctx.strokeStyle = selected ? theme.ink.accent : node.health === 'bad' ? theme.ink.bad : hovered ? theme.ink['text-3'] : theme.ground['line-strong'];
  ctx.lineWidth = Math.max(selected ? 2 : 1, (selected ? 2 : 0.6) / k);
  ctx.setLineDash(node.dashed ? [4, 3] : []);
  ctx.stroke();
  ctx.setLineDash([]);
  if (detail !== 'shapes') paintInside(ctx, node, { x, y, w, h }, theme, detail, writingAt(k));
  ctx.globalAlpha = 1;
}

/** From afar a node is a mark: what is troubled shows. */
function fillOf(node: SceneNode, theme: Theme, detail: Detail, hovered: boolean): string {
  if (detail === 'shapes' && (node.health === 'bad' || node.health === 'warn')) return theme.ink[node.health];
  if (hovered) return theme.ground.hover;
  return detail === 'shapes' ? theme.ground['line-strong'] : theme.ground.raised;
}

function paintInside(ctx: Context, node: SceneNode, box: Box, theme: Theme, detail: Detail, writing: number): void {
  ctx.save();
  ctx.translate(box.x, box.y);
  ctx.scale(writing, writing);
  const [w, h] = [box.w / writing, box.h / writing];
  paintHealth(ctx, node, 13, h / 2, theme);
  if (node.stripe) {
    ctx.fillStyle = theme.ink[node.stripe];
    ctx.beginPath();
    ctx.roundRect(1.5, 7, 3, h - 14, 1.5);
    ctx.fill();
  }
  const badge = node.badge > 0 ? paintBadge(ctx, node.badge, w - 7, 11, theme) : 0;
  const room = w - INSET - EDGE - (badge > 0 ? badge + 4 : 0);
  const lone = node.sub.length === 0 || detail === 'names';
  const title = shortened(node.title, room, (text) => widthOf(ctx, theme, 'name', text));
  drawLine(ctx, theme, 'name', [{ text: title }], INSET, lone ? h / 2 + 4.4 : h / 2 - 2.6, 'text');
  if (!lone) {
    const line = fit(node.sub, w - INSET - EDGE, (text) => widthOf(ctx, theme, 'sub', text));
    drawLine(ctx, theme, 'sub', line, INSET, h / 2 + 11.4, 'text-3');
  }
  if (node.pending) {
    ctx.fillStyle = theme.ink.accent;
    ctx.beginPath();
    ctx.arc(w - 1, 1, 4.5, 0, Math.PI * 2);
    ctx.fill();
  }
  ctx.restore();
}

function paintBadge(ctx: Context, count: number, right: number, y: number, theme: Theme): number {
  const text = String(count);
  const width = Math.max(15, widthOf(ctx, theme, 'badge', text) + 8);
  ctx.fillStyle = theme.ground['warn-dim'];
  ctx.beginPath();
  ctx.roundRect(right - width, y - 7, width, 14, 7);
  ctx.fill();
  drawLine(ctx, theme, 'badge', [{ text, ink: 'warn' }], right - width / 2 - widthOf(ctx, theme, 'badge', text) / 2, y + 3.5, 'warn');
  return width;
}

/** A triangle deserves a look, a diamond is broken; the others are round. */
const CORNERS: Readonly<Partial<Record<SceneNode['health'], readonly (readonly [number, number])[]>>> = {
  warn: [[0, -4.6], [5, 4.2], [-5, 4.2]],
  bad: [[0, -5.4], [5.4, 0], [0, 5.4], [-5.4, 0]],
};

/** The same shapes as `design/Dot`: colour never stands alone. */
function paintHealth(ctx: Context, { health }: SceneNode, x: number, y: number, theme: Theme): void {
  ctx.fillStyle = ctx.strokeStyle = theme.ink[health === 'unknown' ? 'idle' : health];
  const corners = CORNERS[health];
  ctx.beginPath();
  if (corners) corners.forEach(([dx, dy], i) => (i === 0 ? ctx.moveTo(x + dx, y + dy) : ctx.lineTo(x + dx, y + dy)));
  else ctx.arc(x, y, health === 'ok' ? 4.5 : 3.8, 0, Math.PI * 2);
  if (health === 'idle' || health === 'unknown') {
    ctx.lineWidth = 1.6;
    ctx.setLineDash(health === 'unknown' ? [2, 1.8] : []);
    ctx.stroke();
    ctx.setLineDash([]);
  } else ctx.fill();
}

function paintDrawing(ctx: Context, scene: Scene, theme: Theme, drawing: NonNullable<Shown['drawing']>, k: number): void {
  const from = rectOf(scene, drawing.from);
  const target = drawing.target >= 0 ? rectOf(scene, drawing.target) : null;
  const start = { x: from.x + from.w, y: from.y + from.h / 2 };
  const end = target ? { x: target.x, y: target.y + target.h / 2 } : drawing.to;
  const bend = Math.max(30, Math.abs(end.x - start.x) / 2);
  ctx.strokeStyle = ctx.fillStyle = theme.ink.accent;
  ctx.lineWidth = Math.max(2, 1.2 / k);
  ctx.setLineDash([6, 4]);
  ctx.beginPath();
  ctx.moveTo(start.x, start.y);
  ctx.bezierCurveTo(start.x + bend, start.y, end.x - bend, end.y, end.x - 6, end.y);
  ctx.stroke();
  ctx.setLineDash([]);
  paintHead(ctx, end, { x: 1, y: 0 }, 9);
}

/** All that is known of the edge under the pointer, in a box that keeps its size at any zoom. */
function paintMore(ctx: Context, scene: Scene, index: number, edge: SceneEdge, theme: Theme, k: number): void {
  const points = curveOf(scene, index);
  const at = pointAt(points, segments(points) - 1, 0.5);
  const width = lineWidth(edge.more, (text) => widthOf(ctx, theme, 'sub', text)) + 20;
  ctx.save();
  ctx.translate(at.x, at.y);
  ctx.scale(1 / k, 1 / k);
  ctx.beginPath();
  ctx.roundRect(-width / 2, -38, width, 26, 6);
  ctx.fillStyle = theme.ground.raised;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = theme.ground['line-strong'];
  ctx.stroke();
  drawLine(ctx, theme, 'sub', edge.more, -width / 2 + 10, -21, 'text');
  ctx.restore();
}

import type { Box, Point } from './view';

/** A curve is a start and cubic segments, as x, y pairs: `x, y, (c1x, c1y, c2x, c2y, x, y)…`. The core makes them so. */
export type Curve = ArrayLike<number>;

const at = (curve: Curve, index: number): number => curve[index] ?? 0;

export const segments = (curve: Curve): number => Math.max(0, Math.floor((curve.length - 2) / 6));

/** The point of a segment at `t` from 0 to 1. */
export function pointAt(curve: Curve, segment: number, t: number): Point {
  const o = segment * 6;
  const u = 1 - t;
  const mix = (i: number): number =>
    u * u * u * at(curve, o + i) + 3 * u * u * t * at(curve, o + 2 + i) + 3 * u * t * t * at(curve, o + 4 + i) + t * t * t * at(curve, o + 6 + i);
  return { x: mix(0), y: mix(1) };
}

export function boundsOf(curve: Curve): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i + 1 < curve.length; i += 2) {
    left = Math.min(left, at(curve, i));
    right = Math.max(right, at(curve, i));
    top = Math.min(top, at(curve, i + 1));
    bottom = Math.max(bottom, at(curve, i + 1));
  }
  return left > right ? { x: 0, y: 0, w: 0, h: 0 } : { x: left, y: top, w: right - left, h: bottom - top };
}

const STEPS = 8;

/** How far a point is from a curve. */
export function distanceTo(curve: Curve, point: Point): number {
  let best = Infinity;
  for (let segment = 0; segment < segments(curve); segment++) {
    let from = pointAt(curve, segment, 0);
    for (let step = 1; step <= STEPS; step++) {
      const to = pointAt(curve, segment, step / STEPS);
      best = Math.min(best, distanceToLine(from, to, point));
      from = to;
    }
  }
  return best;
}

function distanceToLine(a: Point, b: Point, p: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length));
  return Math.hypot(a.x + t * dx - p.x, a.y + t * dy - p.y);
}

/** Above a line that is level, a label leaves the line to be seen. */
const ABOVE = 11;

/**
 * Where a label may stand, the best place first: in the middle of the gap before the callee, which no other edge of the caller shares,
 * then before and after it, then in the other gaps. Above what is level, on what is steep.
 */
export function labelPlaces(curve: Curve): Point[] {
  const count = segments(curve);
  const places: Point[] = [];
  for (let segment = count - 1; segment >= 0 && places.length < 12; segment--) {
    const level = Math.abs(pointAt(curve, segment, 1).y - pointAt(curve, segment, 0).y) < ABOVE;
    for (const t of [0.5, 0.34, 0.66]) {
      const { x, y } = pointAt(curve, segment, t);
      if (level) places.push({ x, y: y - ABOVE });
      else places.push({ x, y });
    }
    if (level) places.push(pointAt(curve, segment, 0.5));
  }
  return places;
}

/** The unit vector in which a curve arrives. */
export function arrival(curve: Curve): Point {
  const n = curve.length;
  if (n < 8) return { x: 1, y: 0 };
  for (let i = n - 4; i >= 0; i -= 2) {
    const [dx, dy] = [at(curve, n - 2) - at(curve, i), at(curve, n - 1) - at(curve, i + 1)];
    const length = Math.hypot(dx, dy);
    if (length > 0.01) return { x: dx / length, y: dy / length };
  }
  return { x: 1, y: 0 };
}

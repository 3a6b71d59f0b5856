/** What part of the picture is in sight: a point of it lies at `x * k + dx`, `y * k + dy` of the canvas, in CSS pixels. */
export interface View {
  readonly k: number;
  readonly dx: number;
  readonly dy: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly w: number;
  readonly h: number;
}

export const START: View = { k: 1, dx: 0, dy: 0 };
export const LEAST_ZOOM = 0.02;
export const MOST_ZOOM = 3;

export const toCanvas = (view: View, { x, y }: Point): Point => ({ x: x * view.k + view.dx, y: y * view.k + view.dy });
export const toPicture = (view: View, { x, y }: Point): Point => ({ x: (x - view.dx) / view.k, y: (y - view.dy) / view.k });

export const panned = (view: View, dx: number, dy: number): View => ({ k: view.k, dx: view.dx + dx, dy: view.dy + dy });

/** Zooms by a factor; what lies under the point stays there. */
export function zoomed(view: View, by: number, at: Point): View {
  const k = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, view.k * by));
  const under = toPicture(view, at);
  return { k, dx: at.x - under.x * k, dy: at.y - under.y * k };
}

/** The whole picture in the middle, with a margin; never larger than `most`, so that a small mesh does not shout. */
export function fitted(picture: Box, width: number, height: number, margin = 24, most = 1.15): View {
  if (picture.w <= 0 || picture.h <= 0 || width <= 0 || height <= 0) return START;
  const room = { w: Math.max(1, width - 2 * margin), h: Math.max(1, height - 2 * margin) };
  const k = Math.min(most, Math.max(LEAST_ZOOM, Math.min(room.w / picture.w, room.h / picture.h)));
  return { k, dx: (width - picture.w * k) / 2 - picture.x * k, dy: (height - picture.h * k) / 2 - picture.y * k };
}

/** The least move that brings a box into sight. */
export function revealed(view: View, box: Box, width: number, height: number, margin = 32): View {
  const { x, y } = toCanvas(view, box);
  const shift = (at: number, size: number, room: number): number => {
    if (size > room - 2 * margin) return (room - size) / 2 - at;
    return at < margin ? margin - at : at + size > room - margin ? room - margin - at - size : 0;
  };
  return panned(view, shift(x, box.w * view.k, width), shift(y, box.h * view.k, height));
}

/** What the canvas shows of the picture. */
export function inSight(view: View, width: number, height: number): Box {
  return { ...toPicture(view, { x: 0, y: 0 }), w: width / view.k, h: height / view.k };
}

/** Keeps some of the picture on the canvas, so that nobody gets lost on empty ground. */
export function held(view: View, picture: Box, width: number, height: number, keep = 80): View {
  const { x, y } = toCanvas(view, picture);
  const bound = (at: number, size: number, room: number): number =>
    Math.min(Math.max(at, Math.min(keep, room) - size), Math.max(room - keep, 0)) - at;
  return panned(view, bound(x, picture.w * view.k, width), bound(y, picture.h * view.k, height));
}

/** How much is drawn: nothing that cannot be read is. */
export type Detail = 'shapes' | 'names' | 'all';

export const detailAt = (k: number): Detail => (k < 0.42 ? 'shapes' : k < 0.58 ? 'names' : 'all');

/**
 * How much larger the writing is than the picture: where a whole mesh is in sight, boxes may be small, words have to be read. In steps, so
 * that labels do not wander while zooming.
 */
export const writingAt = (k: number): number => Math.min(Math.max(Math.round(20 / k) / 20, 1), detailAt(k) === 'all' ? 1.15 : 1.5);

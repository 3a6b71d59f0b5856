import { describe, expect, it } from 'vitest';
import { arrival, boundsOf, distanceTo, labelPlaces, pointAt } from './curve';
import { edgeAt, makeGrid, nodeAt } from './hit';
import { placeLabels } from './labels';
import { edgesIn, makeScene, nodesIn, type SceneEdge, type SceneInput, type SceneNode } from './scene';
import { fit, shortened } from './text';
import { between, moved } from './tween';
import { detailAt, fitted, held, inSight, revealed, toCanvas, toPicture, writingAt, zoomed } from './view';
import { step } from './walk';

const node = (id: string, x: number, y: number): SceneNode => ({
  id, x, y, w: 100, h: 40, title: id, sub: [], health: 'ok', dashed: false, badge: 0, pending: false, stripe: null,
});
const edge = (from: string, to: string, points: readonly number[], width = 1): SceneEdge => ({
  id: `${from}>${to}`, from, to, points, width, ink: 'ok', dashed: false, cut: false, lock: null, word: '', label: [], more: [], weight: 0,
});
const level = (x0: number, y0: number, x1: number, y1: number): number[] => [x0, y0, (x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1];

// a calls b (strong) and c (weak); d stands under c and is joined to nobody.
const INPUT: SceneInput = {
  width: 300, height: 260, groups: [],
  nodes: [node('a', 0, 0), node('b', 200, 0), node('c', 200, 80), node('d', 200, 160)],
  edges: [edge('a', 'c', level(100, 20, 200, 100)), edge('a', 'b', level(100, 20, 200, 20), 3)],
};
const SCENE = makeScene(INPUT);

describe('the view', () => {
  const view = { k: 2, dx: 10, dy: -20 };

  it('goes to the canvas and back', () => {
    expect(toPicture(view, toCanvas(view, { x: 7, y: 9 }))).toEqual({ x: 7, y: 9 });
  });

  it('keeps what lies under the pointer there while zooming', () => {
    const at = { x: 120, y: 80 };
    const before = toPicture(view, at);
    const after = toPicture(zoomed(view, 1.3, at), at);
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });

  it.each([[1e9, 3], [1e-9, 0.02]])('zooms by %d only as far as %d', (by, k) => {
    expect(zoomed(view, by, { x: 0, y: 0 }).k).toBe(k);
  });

  it('fits the picture in the middle and never shouts', () => {
    const fit = fitted({ x: 0, y: 0, w: 1000, h: 500 }, 548, 400);
    expect(fit).toEqual({ k: 0.5, dx: 24, dy: 75 });
    expect(fitted({ x: 0, y: 0, w: 10, h: 10 }, 800, 600).k).toBe(1.15);
    expect(fitted({ x: 0, y: 0, w: 0, h: 0 }, 800, 600)).toEqual({ k: 1, dx: 0, dy: 0 });
  });

  it('moves no more than needed to show a node', () => {
    const start = { k: 1, dx: 0, dy: 0 };
    expect(revealed(start, { x: 100, y: 100, w: 50, h: 50 }, 400, 400)).toEqual(start);
    expect(revealed(start, { x: 500, y: 100, w: 50, h: 50 }, 400, 400)).toEqual({ k: 1, dx: -182, dy: 0 });
  });

  it('never loses the picture', () => {
    const box = { x: 0, y: 0, w: 300, h: 200 };
    const far = held({ k: 1, dx: 5000, dy: -5000 }, box, 800, 600);
    expect(far).toEqual({ k: 1, dx: 720, dy: -120 });
  });

  it('draws less from afar', () => {
    expect([0.1, 0.5, 1].map(detailAt)).toEqual(['shapes', 'names', 'all']);
  });

  it('writes larger where the boxes are small, so that words can be read', () => {
    expect([2, 1, 0.9, 0.8, 0.62, 0.5].map(writingAt)).toEqual([1, 1, 1.1, 1.15, 1.15, 1.5]);
  });
});

describe('what is drawn', () => {
  it('is only what is in sight', () => {
    const sight = inSight({ k: 1, dx: -150, dy: 0 }, 200, 60);
    expect(nodesIn(SCENE, sight)).toEqual([1]);
    expect(edgesIn(SCENE, { x: 0, y: 90, w: 300, h: 5 })).toEqual([0]);
  });

  it('has labels that lie on no node and on no other label', () => {
    const labels = placeLabels(SCENE, [0, 1], SCENE.box, () => ({ w: 40, h: 14 }));
    expect(labels).toHaveLength(2);
    const boxes = labels.map(({ at }) => ({ l: at.x - 20, r: at.x + 20, t: at.y - 7, b: at.y + 7 }));
    const [one, two] = boxes;
    expect(one && two && (one.r <= two.l || two.r <= one.l || one.b <= two.t || two.b <= one.t)).toBe(true);
    for (const { l, r } of boxes) expect(l >= 100 && r <= 200).toBe(true);
  });

  it('leaves a label out where there is no room', () => {
    expect(placeLabels(SCENE, [1], SCENE.box, () => ({ w: 120, h: 14 }))).toEqual([]);
  });
});

describe('the pointer', () => {
  const grid = makeGrid(SCENE);

  it.each([
    ['in a node', { x: 250, y: 100 }, 2],
    ['on a corner', { x: 0, y: 0 }, 0],
    ['beside all', { x: 150, y: 200 }, -1],
    ['far outside', { x: -9999, y: 9999 }, -1],
  ])('%s', (_, at, found) => expect(nodeAt(SCENE, grid, at)).toBe(found));

  it('finds the nearest edge within reach', () => {
    expect(edgeAt(SCENE, grid, { x: 150, y: 24 }, 8)).toBe(1);
    expect(edgeAt(SCENE, grid, { x: 150, y: 62 }, 8)).toBe(0);
    expect(edgeAt(SCENE, grid, { x: 120, y: 140 }, 8)).toBe(-1);
  });
});

describe('a curve', () => {
  const curve = level(0, 0, 100, 50);

  it('runs from its start to its end', () => {
    expect(pointAt(curve, 0, 0)).toEqual({ x: 0, y: 0 });
    expect(pointAt(curve, 0, 1)).toEqual({ x: 100, y: 50 });
    expect(boundsOf(curve)).toEqual({ x: 0, y: 0, w: 100, h: 50 });
    expect(distanceTo(curve, { x: 50, y: 25 })).toBeCloseTo(0);
    expect(arrival(curve)).toEqual({ x: 1, y: 0 });
    expect(labelPlaces(curve)[0]).toEqual({ x: 50, y: 25 });
  });

  it('that is none breaks nothing', () => {
    expect([boundsOf([]), distanceTo([], { x: 0, y: 0 }), arrival([]), labelPlaces([])]).toEqual([{ x: 0, y: 0, w: 0, h: 0 }, Infinity, { x: 1, y: 0 }, []]);
  });
});

describe('walking', () => {
  it.each([
    ['a', 'right', 'b'],
    ['c', 'left', 'a'],
    ['b', 'down', 'c'],
    ['c', 'down', 'd'],
    ['d', 'up', 'c'],
    ['d', 'left', 'a'],
    ['b', 'right', undefined],
    ['b', 'up', undefined],
  ] as const)('from %s %s to %s', (from, direction, to) => {
    const next = step(SCENE, SCENE.indexOf.get(from) ?? -1, direction);
    expect(SCENE.nodes[next]?.id).toBe(to);
  });

  it('begins at the first node', () => expect(step(SCENE, -1, 'down')).toBe(0));
});

describe('a change', () => {
  const shifted = makeScene({ ...INPUT, nodes: INPUT.nodes.map((at) => (at.id === 'd' ? { ...at, y: 200 } : at)) });

  it('of numbers alone moves nothing', () => {
    expect(moved(SCENE, makeScene({ ...INPUT, nodes: INPUT.nodes.map((at) => ({ ...at, badge: 1 })) }))).toBe(false);
    expect(moved(SCENE, shifted)).toBe(true);
  });

  it('glides from where things were to where they are', () => {
    const y = (t: number): number => between(SCENE, shifted, t).rects[3 * 4 + 1] ?? 0;
    expect([y(0), y(1)]).toEqual([160, 200]);
    expect(y(0.5)).toBeGreaterThan(180);
  });
});

describe('text', () => {
  const measure = (text: string): number => text.length;

  it.each([
    ['reviews', 10, 'reviews'],
    ['productpage', 8, 'product…'],
    ['productpage', 1, '…'],
  ])('%s in %d is %s', (text, room, fits) => expect(shortened(text, room, measure)).toBe(fits));

  it('leaves out parts that have no room', () => {
    expect(fit([{ text: '90 %', struck: true }, { text: ' 80 %' }, { text: ' · 3 pods' }], 14, measure).map(({ text }) => text)).toEqual(['90 %', ' 80 %']);
  });
});

import { edgeAt, makeGrid, nodeAt, type HitGrid } from './hit';
import { placeLabels, type PlacedLabel } from './labels';
import { labelSize, paint, paintFloating, type Shown } from './paint';
import { makeScene, rectOf, type Scene, type SceneInput } from './scene';
import { forgetWidths } from './text';
import { onTheme, readTheme, type Theme } from './theme';
import { between, moved } from './tween';
import { detailAt, fitted, held, panned, revealed, toCanvas, toPicture, writingAt, zoomed, type Point, type View } from './view';

/** What the pointer is over. */
export interface Under {
  readonly node: number;
  readonly edge: number;
}

const GLIDE = 320;
/** Pictures that take longer than this to draw are moved as a bitmap and drawn again when they rest. */
const SLOW = 7;
/** How much of the surroundings the bitmap holds on each side, as a share of the canvas. */
const SPARE = 0.35;
const REST = 140;
const TOO_MANY_TO_GLIDE = 3000;
const REACH = 7;
/** The zoom from which on all is easy to read. */
const READABLE = 0.86;
/** The zoom from which on everything can be read without coming closer. */
const LEGIBLE = 0.78;

/** A graph on a canvas: draws when something changed, and only then. */
export class GraphCanvas {
  view: View = { k: 1, dx: 0, dy: 0 };
  scene: Scene = makeScene({ width: 0, height: 0, groups: [], nodes: [], edges: [] });
  /** The user has moved the picture: it is no longer fitted by itself. */
  touched = false;
  /** What a panel covers at the right of the canvas. */
  private covered = 0;
  private grid: HitGrid = makeGrid(this.scene);
  private shown: Shown = { selected: -1, hoverNode: -1, hoverEdge: -1, found: null, drawing: null, labels: [] };
  /** Where labels stand, for writing of this size. */
  private labels: { readonly writing: number; readonly placed: readonly PlacedLabel[] } | null = null;
  private theme: Theme;
  private size = { w: 0, h: 0, ratio: 1 };
  private readonly ctx: CanvasRenderingContext2D;
  private frame = 0;
  private glide: { from: Scene; start: number } | null = null;
  private bitmap: { canvas: OffscreenCanvas; view: View } | null = null;
  private lastPaint = 0;
  private resting: ReturnType<typeof setTimeout> | undefined;
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onView: () => void = () => undefined,
  ) {
    const ctx = canvas.getContext('2d');
    if (!ctx) throw new Error('this web view has no 2D canvas');
    this.ctx = ctx;
    this.theme = readTheme(canvas);
    this.stops.push(
      onTheme(() => {
        this.theme = readTheme(canvas);
        this.redraw();
      }),
    );
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(canvas);
    this.stops.push(() => observer.disconnect());
    this.resize();
    void document.fonts?.ready.then(() => {
      forgetWidths();
      this.labels = null;
      this.redraw();
    });
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.resting);
    for (const stop of this.stops) stop();
  }

  /** Shows another state of the graph: glides there if things moved, unless the user wants no motion. */
  set(input: SceneInput): void {
    const before = this.scene;
    const after = makeScene(input);
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const many = after.nodes.length > TOO_MANY_TO_GLIDE;
    this.scene = after;
    this.grid = makeGrid(after);
    this.labels = null;
    this.glide = before.nodes.length > 0 && !calm && !many && moved(before, after) ? { from: before, start: performance.now() } : null;
    const grown = before.box.w !== after.box.w || before.box.h !== after.box.h;
    if (!this.touched && grown) this.fit();
    this.redraw();
  }

  show(change: Partial<Omit<Shown, 'labels'>>): void {
    this.shown = { ...this.shown, ...change };
    this.redraw();
  }

  /** Says how much of the canvas a panel covers at the right. */
  cover(covered: number): void {
    if (covered === this.covered) return;
    this.covered = covered;
    if (!this.touched) this.settle();
  }

  private get room(): number {
    return Math.max(1, this.size.w - this.covered);
  }

  fit(): void {
    this.touched = false;
    this.move(fitted(this.scene.box, this.room, this.size.h));
  }

  /** After a change of size: as much as fits without making the names hard to read, and what is selected. */
  private settle(): void {
    const whole = fitted(this.scene.box, this.room, this.size.h);
    const k = Math.max(whole.k, Math.min(this.view.k, READABLE));
    const middle = { x: this.room / 2, y: this.size.h / 2 };
    this.move(zoomed(whole, k / whole.k, middle));
    this.reveal(this.shown.selected);
  }

  pan(dx: number, dy: number): void {
    this.touched = true;
    this.move(panned(this.view, dx, dy));
  }

  /** Zooms about a point of the canvas, or about its middle. */
  zoom(by: number, at: Point = { x: this.room / 2, y: this.size.h / 2 }): void {
    this.touched = true;
    this.move(zoomed(this.view, by, at));
  }

  reveal(node: number): void {
    // Beside a panel the whole may be too small to read: then what is selected and its surroundings, unless the user chose the view.
    if (node >= 0 && !this.touched && this.view.k < LEGIBLE) this.move(zoomed(this.view, LEGIBLE / this.view.k, { x: this.room / 2, y: this.size.h / 2 }));
    if (node >= 0) this.move(revealed(this.view, rectOf(this.scene, node), this.room, this.size.h));
  }

  /** What lies at a point of the canvas. */
  under(at: Point): Under {
    const point = toPicture(this.view, at);
    const node = nodeAt(this.scene, this.grid, point);
    return { node, edge: node >= 0 ? -1 : edgeAt(this.scene, this.grid, point, REACH / this.view.k) };
  }

  private move(view: View): void {
    this.view = held(view, this.scene.box, this.room, this.size.h);
    this.onView();
    if (this.lastPaint > SLOW && !this.bitmap) this.takeBitmap();
    clearTimeout(this.resting);
    if (this.bitmap) this.resting = setTimeout(() => this.redraw(), REST);
    this.schedule();
  }

  private redraw(): void {
    this.bitmap = null;
    this.schedule();
  }

  private resize(): void {
    const { clientWidth: w, clientHeight: h } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    if (w === this.size.w && h === this.size.h && ratio === this.size.ratio) return;
    this.size = { w, h, ratio };
    this.canvas.width = Math.round(w * ratio);
    this.canvas.height = Math.round(h * ratio);
    if (!this.touched) this.settle();
    // A canvas that changes its size is empty: draw now, not in a frame's time.
    this.bitmap = null;
    cancelAnimationFrame(this.frame);
    this.draw();
  }

  private schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    if (this.size.w === 0) return;
    if (this.bitmap && this.drawBitmap(this.bitmap)) return;
    const scene = this.onItsWay();
    const start = performance.now();
    paint(this.ctx, scene, this.view, this.size, this.theme, { ...this.shown, labels: this.glide ? [] : this.placed() });
    this.lastPaint = performance.now() - start;
    if (this.glide) this.schedule();
  }

  private onItsWay(): Scene {
    if (!this.glide) return this.scene;
    const t = (performance.now() - this.glide.start) / GLIDE;
    if (t >= 1) {
      this.glide = null;
      return this.scene;
    }
    return between(this.glide.from, this.scene, t);
  }

  /** Places of the labels; they depend on the scene and on the size of the writing, not on what is in sight. */
  private placed(): readonly PlacedLabel[] {
    if (detailAt(this.view.k) !== 'all') return [];
    const writing = writingAt(this.view.k);
    if (this.labels?.writing === writing) return this.labels.placed;
    const all = this.scene.edges.map((_, i) => i);
    const placed = placeLabels(this.scene, all, this.scene.box, (edge) => {
      const of = this.scene.edges[edge];
      const { w, h } = of ? labelSize(this.ctx, this.theme, of) : { w: 0, h: 0 };
      return { w: w * writing, h: h * writing };
    });
    this.labels = { writing, placed };
    return placed;
  }

  private takeBitmap(): void {
    if (this.glide || this.size.w === 0) return;
    const { w, h, ratio } = this.size;
    const size = { w: w * (1 + 2 * SPARE), h: h * (1 + 2 * SPARE), ratio };
    const canvas = new OffscreenCanvas(Math.round(size.w * ratio), Math.round(size.h * ratio));
    const ctx = canvas.getContext('2d');
    if (!ctx) return;
    paint(ctx, this.scene, panned(this.view, w * SPARE, h * SPARE), size, this.theme, { ...this.shown, hoverEdge: -1, drawing: null, labels: this.placed() });
    this.bitmap = { canvas, view: this.view };
  }

  /** Moves the bitmap under the view; false where it no longer covers the canvas. */
  private drawBitmap({ canvas, view }: { canvas: OffscreenCanvas; view: View }): boolean {
    const { w, h, ratio } = this.size;
    const scale = this.view.k / view.k;
    const left = (-w * SPARE - view.dx) * scale + this.view.dx;
    const top = (-h * SPARE - view.dy) * scale + this.view.dy;
    const [wide, tall] = [w * (1 + 2 * SPARE) * scale, h * (1 + 2 * SPARE) * scale];
    const [from, to] = [toCanvas(this.view, this.scene.box), { x: this.scene.box.w * this.view.k, y: this.scene.box.h * this.view.k }];
    // Empty ground around the picture need not be covered.
    const covers =
      left <= Math.max(0, from.x) && top <= Math.max(0, from.y) && left + wide >= Math.min(w, from.x + to.x) && top + tall >= Math.min(h, from.y + to.y);
    if (!covers || scale > 2 || scale < 0.5) {
      this.bitmap = null;
      return false;
    }
    this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.ctx.clearRect(0, 0, w, h);
    this.ctx.drawImage(canvas, left, top, wide, tall);
    paintFloating(this.ctx, this.scene, this.view, this.size, this.theme, this.shown);
    return true;
  }
}

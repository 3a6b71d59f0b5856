import { configure } from '@testing-library/svelte';

// Pages are loaded when they are first shown, which takes its time on a busy machine.
configure({ asyncUtilTimeout: 20_000 });
// What jsdom lacks and the browsers have.
Element.prototype.scrollIntoView ??= () => undefined;
globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};
globalThis.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
})) as unknown as typeof matchMedia;
// uPlot draws on a canvas: everything that is called on it does nothing.
const nothing = new Proxy({}, { get: () => () => ({ width: 0 }), set: () => true });
HTMLCanvasElement.prototype.getContext = (() => nothing) as unknown as HTMLCanvasElement['getContext'];
globalThis.Path2D ??= function Path() {} as unknown as typeof Path2D;

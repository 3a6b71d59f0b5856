import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { expectAccessible } from '../../lib/axe';
import type { Point } from '../../lib/canvas/view';
import { keys } from '../../state/keys.svelte';
import { locale } from '../../state/locale.svelte';
import type { Graph, GraphEdge, GraphNode } from '../../wire/generated/types';
import EdgeTable from './EdgeTable.svelte';
import MapCanvas from './MapCanvas.svelte';
import { FACTS, sceneOf, search } from './scene-of';

const node = (name: string, x: number, y: number): GraphNode => ({
  id: `service:shop/${name}`, kind: 'service', namespace: 'shop', name, version: 'v1', pods: 1, versions: 1, health: 'ok', because: '', zh: '',
  inMesh: true, requestsPerSecond: 4, errorShare: 0, findings: 0, pending: false, ports: [80], x, y, w: 168, h: 44,
});
const edge = (from: string, to: string, requestsPerSecond: number, change: Partial<GraphEdge> = {}): GraphEdge => ({
  id: `${from}>${to}`, from: `service:shop/${from}`, to: `service:shop/${to}`, requestsPerSecond, errorShare: 0, p50: 3, p99: null, secured: 'mtls', protocol: 'http',
  share: null, pendingShare: null, pendingCut: false, deniedPerSecond: 0, points: [168, 22, 200, 22, 220, 22, 260, 22], ...change,
});

/** web calls reviews (much) and cart (little); cart is called in plaintext by batch, which is refused. */
const GRAPH: Graph = {
  revision: 1, windowSeconds: 300, width: 700, height: 200, groups: [], unknown: [],
  nodes: [node('web', 0, 0), node('reviews', 260, 0), node('cart', 260, 80), node('batch', 0, 80)],
  edges: [edge('web', 'reviews', 90), edge('web', 'cart', 2, { errorShare: 0.5 }), edge('batch', 'cart', 1, { secured: 'plaintext', deniedPerSecond: 1 })],
};

beforeEach(() => locale.set('en'));
afterEach(cleanup);

describe('the picture', () => {
  const show = () => {
    const onopen = vi.fn<(id: string) => void>();
    const ondraw = vi.fn<(from: string, to: string, at: Point) => void>();
    render(MapCanvas, { scene: sceneOf(GRAPH, new Set(FACTS)), nodes: GRAPH.nodes, selected: '', found: null, subject: '', onopen, onclose: vi.fn(), ondraw });
    const map = screen.getByRole('application');
    const said = (): string => map.querySelector('[aria-live]')?.textContent?.trim() ?? '';
    const press = async (...all: string[]): Promise<void> => {
      for (const key of all) await fireEvent.keyDown(map, { key });
    };
    const run = (bound: string): void => keys.all.find((binding) => binding.keys === bound)?.run();
    return { onopen, ondraw, said, press, run };
  };

  it('is walked by keys, tells where one is and whom it calls, and opens what one is at', async () => {
    const { onopen, said, press } = show();
    await press('ArrowRight');
    expect(said()).toBe('web, shop, ok, 4/s; calls reviews, cart');
    await press('ArrowRight');
    expect(said()).toBe('reviews, shop, ok, 4/s');
    await press('ArrowDown', 'Enter');
    expect(onopen.mock.calls).toEqual([['service:shop/cart']]);
    await press('ArrowLeft');
    expect(said()).toMatch(/^web/);
  });

  it('lets a policy be drawn by keys alone, and taken back', async () => {
    const { ondraw, said, press, run } = show();
    await press('ArrowRight');
    run('p');
    await vi.waitFor(() => expect(said()).toMatch(/^From web: choose the callee/));
    await press('Enter');
    expect(ondraw).not.toHaveBeenCalled();
    await press('ArrowRight', 'ArrowDown', 'Enter');
    expect(ondraw.mock.calls[0]?.slice(0, 2)).toEqual(['service:shop/web', 'service:shop/cart']);
    run('p');
    await press('ArrowUp', 'Escape', 'Enter');
    expect(ondraw).toHaveBeenCalledTimes(1);
  });

  it('lists everything for those who cannot use a canvas', async () => {
    const { onopen } = show();
    const list = screen.getByRole('navigation', { name: 'Everything on the map' });
    expect(within(list).getAllByRole('button').map((button) => button.textContent?.trim().split(',')[0])).toEqual(['web', 'reviews', 'cart', 'batch']);
    await fireEvent.click(within(list).getAllByRole('button')[1] as HTMLElement);
    expect(onopen).toHaveBeenCalledWith('service:shop/reviews');
    await expectAccessible();
  });
});

describe('the table', () => {
  const show = (query = '') => {
    const onopen = vi.fn<(id: string) => void>();
    render(EdgeTable, { graph: GRAPH, found: search(GRAPH.nodes, query), selected: '', onopen });
    const rows = (): string[] => screen.getAllByRole('row').slice(1).map((row) => [...row.querySelectorAll('[role=gridcell]')].map((cell) => cell.textContent?.trim()).join(' | '));
    return { onopen, rows };
  };

  it('says the same as the picture, the busiest first', async () => {
    expect(show().rows()).toEqual([
      'shop/web | shop/reviews | 90/s | 0 % | 3 ms | – | mutual TLS',
      'shop/web | shop/cart | 2/s | 50 % | 3 ms | – | mutual TLS',
      'shop/batch | shop/cart | 1/s | 1/s denied | 3 ms | – | plaintext',
    ]);
    await expectAccessible();
  });

  it('is sorted by what is asked for, and shows what the search found', async () => {
    const { rows } = show('cart');
    expect(rows().map((row) => row.split(' | ')[0])).toEqual(['shop/web', 'shop/batch']);
    await fireEvent.click(screen.getByRole('button', { name: 'From' }));
    expect(rows().map((row) => row.split(' | ')[0])).toEqual(['shop/batch', 'shop/web']);
  });

  it('opens the callee of a call', async () => {
    const { onopen } = show();
    await fireEvent.keyDown(screen.getByRole('grid'), { key: 'ArrowDown' });
    await fireEvent.keyDown(screen.getByRole('grid'), { key: 'Enter' });
    expect(onopen).toHaveBeenCalledWith('service:shop/reviews');
  });
});

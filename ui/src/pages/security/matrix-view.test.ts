import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { clusterAnswers } from '../../host/fixtures/clusters';
import { expectAccessible } from '../../lib/axe';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { connect } from '../../wire/client';
import type { Matrix, MatrixCell, MatrixRequest } from '../../wire/generated/types';
import Security from './Security.svelte';

const policy = { group: 'security.istio.io', kind: 'AuthorizationPolicy', namespace: 'prod', name: 'callers-of-inventory' };
const [generic, reserve] = [{ method: 'GET', path: '/', headers: [] }, { method: 'POST', path: '/reserve', headers: [] }];
const cell = (more: Partial<MatrixCell>): MatrixCell => ({ outcome: 'forwarded', secured: 'mtls', because: 'no policy is in the way', zh: '', object: null, path: '', lost: [], requests: [], requestsPerSecond: 0, deniedPerSecond: 0, ...more });
const request = (asked: MatrixRequest['asked'], outcome: MatrixRequest['outcome'], because: string): MatrixRequest => ({ asked, outcome, secured: 'mtls', because, zh: '', object: policy, path: 'spec.rules[0]', lost: [] });
const some = cell({ outcome: 'denied', because: 'no rule lets it in', object: policy, requests: [request(generic, 'denied', 'no rule lets it in'), request(reserve, 'forwarded', 'rule 1 lets it in')], requestsPerSecond: 2 });
const refused = cell({ outcome: 'denied', because: 'no rule lets anybody in', object: policy });
const matrix: Matrix = {
  rows: [{ namespace: 'prod', workload: 'orders-v1' }, { namespace: 'prod', workload: 'storefront-v1' }],
  columns: [
    { namespace: 'prod', service: 'inventory', url: 'http://inventory.prod:8080', ports: [8080], asked: [generic, reserve], unasked: 3 },
    { namespace: 'prod', service: 'reviews', url: 'http://reviews.prod:9080', ports: [9080], asked: [generic], unasked: 0 },
  ],
  cells: [some, cell({}), refused, cell({ requestsPerSecond: 1 })],
  tooMany: false,
  most: 12_000,
};
const draft = { revision: 1, items: [], says: [], canUndo: false };
const graph = { revision: 1, nodes: [], edges: [], groups: [], width: 0, height: 0, unknown: [], windowSeconds: 300 };
const made = { ...policy, name: 'deny-storefront-v1-to-reviews' };
const body = { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata: { name: made.name, namespace: 'prod' }, spec: { action: 'DENY', rules: [{ from: [{ source: { principals: ['cluster.local/ns/prod/sa/storefront'] } }] }] } };

let host: FixtureHost;
function open(answer: Matrix, within = ''): void {
  host = fixtureHost({
    ...clusterAnswers,
    objects: [],
    graph: graph as never,
    draft,
    draftPut: draft,
    matrix: answer,
    template: { object: made, yaml: JSON.stringify(body) },
    yamlRead: ({ yaml }) => ({ yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} }),
    objectCheck: { problems: [], findings: [], because: '', zh: '' },
  });
  connect(host);
  session.id = 's';
  route.go('security', within === '' ? { view: 'matrix' } : { view: 'matrix', in: within });
  render(Security);
}
const asked = (name: string): readonly unknown[] => host.asked.filter((one) => one.name === name).map(({ args }) => args);
const button = (name: RegExp): Promise<HTMLElement> => screen.findByRole('button', { name });

beforeEach(() => locale.set('en'));
afterEach(() => {
  cleanup();
  session.id = null;
});

describe('who may call whom', () => {
  it.each([
    ['allows', 'allow-edge'],
    ['refuses', 'deny-edge'],
  ])('a cell that is clicked says what becomes of the call, and drafts into the tray a policy that %s it', async (does, template) => {
    open(matrix);
    await fireEvent.click(await button(/^prod\/storefront-v1 → prod\/reviews: allowed, over mutual TLS/));
    const panel = await screen.findByRole('complementary', { name: 'storefront-v1 → reviews' });
    within(panel).getByText('no policy is in the way');
    within(panel).getByText('Asked with GET /');
    await expectAccessible(panel);
    await fireEvent.click(within(panel).getByRole('button', { name: `Draft a policy that ${does} it` }));
    await vi.waitFor(() => expect(asked('draft_put')).toEqual([{ session: 's', yaml: JSON.stringify(body), base: '' }]));
    expect(asked('template')).toEqual([{ session: 's', template, namespace: '', name: '', from: 'workload:prod/storefront-v1', to: 'service:prod/reviews' }]);
  });

  it('where some requests get through and others do not, says which, and by which policy', async () => {
    open(matrix);
    const place = await button(/^prod\/orders-v1 → prod\/inventory: allowed in part: not every request, or not at every workload, 2.* seen/);
    expect(place.querySelector('.disc.part')).not.toBeNull();
    await fireEvent.click(place);
    const panel = await screen.findByRole('complementary', { name: 'orders-v1 → inventory' });
    const list = within(panel).getByRole('list', { name: 'Request by request' });
    const told = within(list).getAllByRole('listitem').map(({ textContent }) => textContent.replace(/\s+/g, ' ').trim());
    expect(told).toEqual([
      'GET / refused no rule lets it in AuthorizationPolicy callers-of-inventory',
      'POST /reserve allowed, over mutual TLS rule 1 lets it in AuthorizationPolicy callers-of-inventory',
    ]);
    within(panel).getByText('3 more requests that policies name were not asked');
    await expectAccessible();
    await fireEvent.click(within(list).getByRole('button', { name: 'POST /reserve' }));
    expect(route.params).toMatchObject({ from: 'prod/orders-v1', method: 'POST', url: 'http://inventory.prod:8080/reserve' });
  });

  it('where the same becomes of all requests, says which they were', async () => {
    open(matrix);
    await fireEvent.click(await button(/^prod\/storefront-v1 → prod\/inventory: refused/));
    await screen.findByText('Asked with GET /, POST /reserve');
    expect(screen.queryByRole('list', { name: 'Request by request' })).toBeNull();
  });

  it('holds whoever and whatever is outside, which no policy can name', async () => {
    const rows = [{ namespace: '', workload: 'outside the mesh' }, ...matrix.rows];
    const host = { namespace: '', service: 'api.example.com', url: 'https://api.example.com:443', ports: [443], asked: [generic], unasked: 0 };
    const blocked = cell({ outcome: 'blocked', secured: 'unknown', because: 'nothing unknown is let out' });
    open({ ...matrix, rows, columns: [...matrix.columns, host], cells: [cell({ secured: 'plaintext' }), cell({ outcome: 'refused', secured: 'plaintext', because: 'it takes mutual TLS alone' }), cell({ secured: 'plaintext' }), some, cell({}), blocked, refused, cell({}), cell({ secured: 'plaintext' })] });
    await fireEvent.click(await button(/^anybody → prod\/reviews: refused/));
    let panel = await screen.findByRole('complementary', { name: 'anybody → reviews' });
    within(panel).getByText('it takes mutual TLS alone');
    within(panel).getByText(/^Who has no proxy calls in plaintext/);
    expect(within(panel).queryByRole('button', { name: /Draft|Explain/ })).toBeNull();
    await expectAccessible();
    await fireEvent.click(await button(/^prod\/orders-v1 → api.example.com: refused/));
    panel = await screen.findByRole('complementary', { name: 'orders-v1 → api.example.com' });
    expect(within(panel).queryByRole('button', { name: /Draft/ })).toBeNull();
    await fireEvent.click(within(panel).getByRole('button', { name: 'Explain this call' }));
    expect(route.params).toMatchObject({ from: 'prod/orders-v1', url: 'https://api.example.com:443/' });
  });

  it('says the same in Chinese', async () => {
    locale.set('zh');
    open(matrix);
    await fireEvent.click(await button(/^prod\/orders-v1 → prod\/inventory：部分允许：并非每种请求，或并非在每个工作负载/));
    await screen.findByRole('list', { name: '逐个请求' });
  });

  it('of more than can be decided at once leads to a namespace that can', async () => {
    const rows = [...matrix.rows, { namespace: 'dev', workload: 'shell' }];
    const columns = [...matrix.columns, { namespace: 'dev', service: 'shell', url: 'http://shell.dev:80', ports: [80], asked: [], unasked: 0 }];
    open({ ...matrix, rows, columns, cells: [], tooMany: true, most: 3 });
    await screen.findByText('9 pairs are too many at once');
    await screen.findByText(/^Up to 3 are decided at once/);
    const list = screen.getByRole('list', { name: 'Namespace' });
    expect(within(list).getByRole('button', { name: 'prod 4 pairs' }).getAttribute('aria-disabled')).toBe('true');
    await expectAccessible(list);
    await fireEvent.click(within(list).getByRole('button', { name: 'dev 1 pair' }));
    await vi.waitFor(() => expect(asked('matrix')).toContainEqual({ session: 's', namespaces: ['dev'], withDraft: false }));
  });

  it('of a namespace that alone has too many leads to one call', async () => {
    open({ ...matrix, cells: [], tooMany: true, most: 3 }, 'prod');
    await screen.findByText(/^prod alone has more than the 3 pairs/);
    await fireEvent.click(await button(/^Explain one call$/));
    expect(route.page).toBe('explain');
  });
});

import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { shop } from '../../host/fixtures/shop';
import { applyEdits } from '../../lib/apply-edits';
import { expectAccessible } from '../../lib/axe';
import { Desk, type Sheet } from '../../lib/yaml-editor/desk.svelte';
import { apiDialect } from '../../meshes/gateway-api/route';
import { locale } from '../../state/locale.svelte';
import { connect } from '../../wire/client';
import type { Graph, GraphNode, YamlReading } from '../../wire/generated/types';
import ApiRoute from './ApiRoute.svelte';

afterEach(() => {
  cleanup();
  locale.set('en');
});

const service = (namespace: string, name: string, requestsPerSecond: number): GraphNode => ({ id: `service:${namespace}/${name}`, kind: 'service', namespace, name, version: '', pods: 1, versions: 1, health: 'ok', because: '', zh: '', inMesh: true, requestsPerSecond, errorShare: 0, findings: 0, pending: false, ports: [], x: 0, y: 0, w: 0, h: 0 });
const graph: Graph = { revision: 1, windowSeconds: 60, width: 0, height: 0, groups: [], edges: [], unknown: [], nodes: [service('prod', 'reviews-v1', 9), service('prod', 'reviews-v2', 1), service('prod', 'reviews-v3', 0), service('other', 'reviews', 4)] };
const read = (yaml: string): YamlReading => ({ yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} });

async function start(rules: unknown[]): Promise<{ sheet: Sheet; shown: string[] }> {
  const draft = { revision: 1, items: [], says: [], canUndo: false };
  connect(fixtureHost({ ...shop, graph, yamlRead: ({ yaml }) => read(yaml), yamlEdit: ({ yaml, edits }) => read(JSON.stringify(applyEdits(JSON.parse(yaml), edits))), draftPut: draft, draftRemove: draft }));
  const object = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'prod', name: 'reviews' };
  const text = JSON.stringify({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'reviews', namespace: 'prod' }, spec: { rules } });
  const desk = new Desk('api');
  const sheet = await desk.place({ object, live: text, base: '1', text, inTray: false });
  const shown: string[] = [];
  const dialect = apiDialect(object);
  if (!dialect) throw new Error('no dialect');
  render(ApiRoute, { session: 'api', desk, sheet, dialect, onshow: (pointer: string) => shown.push(pointer) });
  return { sheet, shown };
}
const rulesOf = (sheet: Sheet): unknown => (sheet.good?.value as { spec: { rules: unknown } }).spec.rules;

const CANARY = { matches: [{ headers: [{ name: 'end-user', value: 'jason' }] }], filters: [{ type: 'URLRewrite', urlRewrite: { hostname: 'a' } }], backendRefs: [{ name: 'reviews-v2', port: 9080 }] };
const SPLIT = { backendRefs: [{ name: 'reviews-v1', port: 9080, weight: 90 }, { name: 'reviews-v2', port: 9080, weight: 10 }] };

it('draws a route with what its backends take now, and edits it where it is drawn', async () => {
  const { sheet, shown } = await start([CANARY, SPLIT]);
  const picture = screen.getByRole('group', { name: 'The route as a picture: 2 rules' });
  await within(picture).findByText('9/s now');
  expect([...picture.querySelectorAll('.share')].map((one) => one.textContent.trim())).toEqual(['100 %', '90 %', '10 %']);
  await fireEvent.click(screen.getByRole('button', { name: 'end-user = jason' }));
  await fireEvent.click(screen.getByRole('button', { name: 'urlRewrite' }));
  expect(shown).toEqual(['/spec/rules/0/matches/0', '/spec/rules/0/filters/0/urlRewrite']);
  await expectAccessible();

  await fireEvent.click(within(picture).getByRole('button', { name: 'Rule 2 of 2: all else' }));
  await fireEvent.change(screen.getByRole('textbox', { name: /^Weight of reviews-v2:9080/ }), { target: { value: '25' } });
  await waitFor(() => expect(rulesOf(sheet)).toMatchObject([{}, { backendRefs: [{ weight: 75 }, { weight: 25 }] }]));
  // What it was is crossed out.
  await waitFor(() => expect([...picture.querySelectorAll('.share s')].map((one) => one.textContent)).toEqual(['90', '10']));
  await fireEvent.click(screen.getByRole('button', { name: 'Destination' }));
  await waitFor(() => expect(rulesOf(sheet)).toMatchObject([{}, { backendRefs: [{}, {}, { name: 'reviews-v3', port: 9080, weight: 0 }] }]));
  await fireEvent.click(await screen.findByRole('button', { name: 'Remove reviews-v1:9080' }));
  await waitFor(() => expect(rulesOf(sheet)).toMatchObject([{}, { backendRefs: [{ name: 'reviews-v2', weight: 100 }, { name: 'reviews-v3', weight: 0 }] }]));
  await fireEvent.click(screen.getByRole('button', { name: /^Move up: the closest match decides/ }));
  await waitFor(() => expect(rulesOf(sheet)).toMatchObject([{ backendRefs: [{}, {}] }, { matches: [{}] }]));
  await fireEvent.click(within(picture).getByRole('button', { name: /^Rule 2 of 2/ }));
  await fireEvent.click(screen.getByRole('button', { name: 'Remove rule' }));
  await waitFor(() => expect(rulesOf(sheet)).toEqual([{ backendRefs: [expect.objectContaining({ weight: 100 }), expect.objectContaining({ weight: 0 })] }]));
});

it('says where a rule has no backend that takes anything, in Chinese too', async () => {
  await start([{ backendRefs: [{ name: 'reviews-v1', port: 9080, weight: 0 }] }]);
  screen.getByText('No backend has a weight: it answers 500 itself.');
  locale.set('zh');
  await screen.findByText('没有带权重的后端：它自己返回 500。');
});

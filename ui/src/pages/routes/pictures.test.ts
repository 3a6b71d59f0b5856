import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { fixtureHost, type FixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { applyEdits } from '../../lib/apply-edits';
import { readRoute } from '../../meshes/istio/route';
import { locale } from '../../state/locale.svelte';
import { connect } from '../../wire/client';
import type { ServicePressure, YamlReading } from '../../wire/generated/types';
import { RouteEditing } from './editing.svelte';
import Limits from './Limits.svelte';
import TimeLine from './TimeLine.svelte';

afterEach(() => {
  cleanup();
  locale.set('en');
});

const ruleOf = (more: object): ReturnType<typeof readRoute>['rules'][number] => {
  const [rule] = readRoute({ spec: { http: [{ route: [{ destination: { host: 'reviews' } }], ...more }] } }).rules;
  if (!rule) throw new Error('no rule');
  return rule;
};

it('draws tries on a time line, and says what of them is only made when others fail sooner', async () => {
  render(TimeLine, { rule: ruleOf({ timeout: '4s', retries: { attempts: 3, perTryTimeout: '2s' } }) });
  const figure = screen.getByRole('figure', { name: 'How long a request may take' });
  expect(figure.querySelectorAll('.try.whole')).toHaveLength(2);
  expect(figure.querySelectorAll('.try.never')).toHaveLength(2);
  expect(figure.textContent).toMatch(/Up to 4 tries of 2 s each, all within 4 s\.\s+The last 2 are made only where those before them fail sooner/);
  await expectAccessible();
  locale.set('zh');
  await screen.findByText(/最多 4 次尝试，每次 2 s，共 4 s/);
});

it('says where a rule leaves the retries to the mesh', () => {
  render(TimeLine, { rule: ruleOf({ timeout: '500ms' }) });
  expect(screen.getByRole('figure').textContent).toMatch(/One try, over after 500 ms\..*two more tries/);
});

const RULE = { group: 'networking.istio.io', kind: 'DestinationRule', namespace: 'prod', name: 'reviews' };
const read = (yaml: string): YamlReading => ({ yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} });
const cluster = { port: '9080', subset: '', connections: 2, waiting: 0, requests: 9, instances: 3, leftOut: 1, mostConnections: null, mostWaiting: null, mostRequests: 10, refused: 4 };
const pressure: ServicePressure = {
  callers: [{ namespace: 'prod', pod: 'storefront-1', workload: 'storefront', clusters: [cluster] }],
  unknown: [{ about: 'legacy/batch', aboutZh: '', because: 'it has no proxy of its own that would keep to limits', zh: '' }],
};

async function limits(policy: object): Promise<{ host: FixtureHost; editing: RouteEditing }> {
  const draft = { revision: 1, items: [], says: [], canUndo: false };
  const host = fixtureHost({ pressure, yamlRead: ({ yaml }) => read(yaml), yamlEdit: ({ yaml, edits }) => read(JSON.stringify(applyEdits(JSON.parse(yaml), edits))), draftPut: draft, draftRemove: draft });
  connect(host);
  const editing = new RouteEditing('limits', 'prod', 'reviews');
  const text = JSON.stringify({ apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata: { name: 'reviews', namespace: 'prod' }, spec: { host: 'reviews', trafficPolicy: policy } });
  const sheet = await editing.desk.place({ object: RULE, live: text, base: '1', text, inTray: false });
  editing.rules = sheet;
  render(Limits, { editing, sheet });
  return { host, editing };
}

it('shows limits against what the busiest caller has under way, and what was refused', async () => {
  const { editing } = await limits({ connectionPool: { http: { http2MaxRequests: 10 } }, outlierDetection: { consecutive5xxErrors: 3 } });
  await screen.findByText('9 of 10 now, storefront-1');
  expect(screen.getByText('2 now, storefront-1')).toBeTruthy();
  expect(screen.getByText('4 refused for a limit')).toBeTruthy();
  expect(screen.getByText('1 of 3 left out now')).toBeTruthy();
  expect(screen.getByText(/legacy\/batch: it has no proxy/)).toBeTruthy();
  expect(screen.getAllByRole('img', { name: /of 10 now/ })).toHaveLength(1);
  await expectAccessible();

  await fireEvent.change(screen.getByRole('textbox', { name: 'Connections' }), { target: { value: '50' } });
  const policy = (): unknown => (editing.rules?.good?.value as { spec: { trafficPolicy: unknown } }).spec.trafficPolicy;
  await waitFor(() => expect(policy()).toMatchObject({ connectionPool: { tcp: { maxConnections: 50 }, http: { http2MaxRequests: 10 } } }));
  await screen.findByText('2 of 50 now, storefront-1');
  await fireEvent.change(screen.getByRole('textbox', { name: 'Connections' }), { target: { value: '' } });
  await waitFor(() => expect(policy()).toEqual({ connectionPool: { http: { http2MaxRequests: 10 } }, outlierDetection: { consecutive5xxErrors: 3 } }));
});

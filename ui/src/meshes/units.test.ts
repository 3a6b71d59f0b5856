import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { fixtureHost } from '../host/fixture';
import { realKinds } from '../lib/schema-form/real';
import { Form } from '../lib/schema-form/form.svelte';
import Scalar from '../lib/schema-form/Scalar.svelte';
import { Shape } from '../lib/schema-form/shape';
import { Desk } from '../lib/yaml-editor/desk.svelte';
import { locale } from '../state/locale.svelte';
import { connect } from '../wire/client';
import { PLAIN, unitOf, unitText } from './units';

afterEach(() => {
  cleanup();
  locale.set('en');
});

const OURS = /(^|\.)(istio\.io|gateway\.networking\.k8s\.io)$/;
const NUMBERS = ['integer', 'number', 'int-or-string', 'duration'];
const numbers = realKinds()
  .filter(({ group }) => OURS.test(group))
  .flatMap(({ kind, fields }) => fields.filter(({ type }) => NUMBERS.includes(type)).map((field) => ({ ...field, kind })));

it('knows what every number of the real schemas counts, or that it is a plain one', () => {
  expect(numbers.length).toBeGreaterThan(200);
  const isPlain = (path: string): boolean => PLAIN.some((end) => path === end || path.endsWith(`.${end}`));
  expect(numbers.filter((field) => (unitOf(field) === null) !== isPlain(field.path)).map(({ kind, path }) => `${kind} ${path}`)).toEqual([]);
  // Nothing of the list is there for nothing.
  expect(PLAIN.filter((end) => !numbers.some(({ path }) => path.endsWith(`.${end}`)))).toEqual([]);
});

it.each([
  ['DestinationRule', 'spec.trafficPolicy.connectionPool.tcp.maxConnections', 'connections', '个连接'],
  ['DestinationRule', 'spec.trafficPolicy.connectionPool.tcp.connectTimeout', 'h m s ms', 'h m s ms'],
  ['DestinationRule', 'spec.trafficPolicy.outlierDetection.maxEjectionPercent', '%', '%'],
  ['VirtualService', 'spec.http[].fault.abort.percentage.value', '%', '%'],
  ['WorkloadGroup', 'spec.probe.periodSeconds', 's', '秒'],
  ['HTTPRoute', 'spec.rules[].filters[].cors.maxAge', 's', '秒'],
  ['HTTPRoute', 'spec.rules[].timeouts.request', 'h m s ms', 'h m s ms'],
  ['Gateway', 'spec.listeners[].port', 'port', '端口'],
  ['TrafficExtension', 'spec.priority', '', ''],
])('%s %s', (kind, path, en, zh) => {
  const field = numbers.find((one) => one.kind === kind && one.path === path);
  if (!field) throw new Error('not in the schema');
  expect(unitText(field)).toBe(en);
  locale.set('zh');
  expect(unitText(field)).toBe(zh);
});

it('shows the unit and the bounds where a number is written', async () => {
  connect(fixtureHost({ yamlRead: ({ yaml }) => ({ yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} }) }));
  const desk = new Desk('units');
  const sheet = await desk.place({ object: { group: 'g', kind: 'K', namespace: 'a', name: 'a' }, live: '{}', base: '1', text: '{}', inTray: false });
  const form = new Form(desk, sheet, new Shape([]), () => '', () => undefined, '', unitText);
  const port = numbers.find(({ kind, path }) => kind === 'HTTPRoute' && path === 'spec.rules[].backendRefs[].port');
  const wait = numbers.find(({ kind, path }) => kind === 'HTTPRoute' && path === 'spec.rules[].timeouts.request');
  if (!port || !wait) throw new Error('not in the schema');
  render(Scalar, { form, field: port, pointer: '/spec/port', value: undefined, label: 'port' });
  expect(screen.getByRole('textbox', { name: /^port/ }).getAttribute('placeholder')).toBe('1 – 65,535');
  screen.getByText('port', { selector: '.unit' });
  cleanup();
  render(Scalar, { form, field: wait, pointer: '/spec/wait', value: '5s', label: 'request' });
  screen.getByText('h m s ms', { selector: '.unit' });
});

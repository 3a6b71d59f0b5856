// Rollouts over a route at a gateway, those that programs elsewhere drive, and steps of all lengths.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, openShop } from './window.mjs';

let window;
let session;

before(async () => {
  ({ window, session } = await openShop());
});
after(() => window?.close());

const VISITORS = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: visitors
  namespace: prod
spec:
  hosts: [shop.example.com]
  gateways: [shop]
  http:
    - match: [{uri: {prefix: /reviews}}]
      route: [{destination: {host: reviews, subset: v1}}]
`;
const ROUTE = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };

async function applied(yaml, base) {
  await window.call('draft_put', { session, yaml, base });
  const review = await window.call('review', { session });
  const takeOver = review.items.flatMap(({ conflicts }) => conflicts.map(({ manager }) => manager));
  const { state } = await window.call('apply', { session, token: review.token, message: 'for this test', takeOver });
  assert.equal(state, 'applied');
}
const newest = async () => (await window.call('rollouts', { session }))[0];

test('a route at a gateway is offered with the gateway, and driven by what comes in there', async () => {
  await applied(VISITORS, '');
  await window.visit('rollouts?plan=new&service=prod/reviews');
  await window.thing('heading', 'Plan a rollout');
  const route = await eventually('the field of the route', () =>
    window.run(`return [...document.querySelectorAll('input[role=combobox]')].find((one) => [...(one.labels ?? [])].some((label) => label.textContent.includes('Route')))`),
  );
  await eventually('the route of the mesh first', async () => (await window.run('return arguments[0].value', route)) === 'reviews', 40);
  await route.click();
  await window.text('at the gateway prod/shop');
  await window.shot('rollout-routes-dark');
  await window.press('option', 'visitors');
  await eventually('its versions', async () => (await window.run('return arguments[0].value', route)) === 'visitors');
  await window.text('It can start', 60);
  await window.inBoth('rollout-gateway-plan');
  await window.press('button', 'Start');
  await window.text('at the gateway prod/shop', 40);
  const begun = await eventually('the first step', async () => {
    const one = await newest();
    return one?.weight === one?.plan.steps[0].weight && one;
  }, 60);
  assert.deepEqual([begun.plan.route, begun.gateways], ['visitors', ['prod/shop']]);
  const looked = await eventually('a look at what the gateway counts', async () => {
    const one = await newest();
    return one.checks.length > 0 && one;
  }, 90);
  assert.ok(looked.checks[0].stable.requestsPerSecond < 8, JSON.stringify(looked.checks[0]));
  await window.inBoth('rollout-gateway');
  await window.choose('中文');
  await window.text('在网关 prod/shop 上');
  await window.shot('rollout-gateway-zh-dark');
  await window.choose('English');
  await window.call('rollout_command', { session, rollout: begun.id, command: 'abort' });
  await eventually('the way back', async () => (await newest()).isOver, 60);
});

test('steps are drawn by their length, a minute beside a day', async () => {
  const { plan } = await newest();
  const step = (weight, pauseSeconds) => ({ weight, mirror: 0, cohort: null, pauseSeconds });
  await window.call('rollout_begin', { session, plan: { ...plan, gates: [], steps: [step(5, 60), step(20, null), step(50, 86_400), step(80, 600), step(100, null)] }, takeOver: [] });
  const { id } = await newest();
  await window.visit(`rollouts?rollout=${id}`);
  const widths = await eventually('the steps', async () => {
    const found = await window.run(`return [...document.querySelectorAll('.stairs .well')].map((one) => Math.round(one.getBoundingClientRect().width))`);
    return found.length === 5 && found;
  });
  const [minute, hand, day, ten] = widths;
  assert.ok(hand < minute && minute >= 40 && minute < ten && ten < day, String(widths));
  await window.inBoth('rollout-stairs');
  await window.choose('中文');
  await window.shot('rollout-stairs-zh-dark');
  await window.choose('English');
  await window.visit('rollouts');
  await window.thing('heading', 'Rollouts');
  await window.shot('rollouts-stairs-dark');
  await window.call('rollout_command', { session, rollout: id, command: 'abort' });
  await eventually('the way back', async () => (await newest()).isOver, 60);
});

test('who drives elsewhere is seen, and what a program that is gone wanted is done by another', async () => {
  const { yaml, resourceVersion } = await window.call('document', { session, object: ROUTE });
  const lease = { plan: 'reviews to v2', by: 'ana@laptop', holder: 'hers', since: '2026-11-26T08:00:00Z', until: '2026-11-26T09:00:00Z', then: 'return', moves: { service: { namespace: 'prod', name: 'reviews' }, stable: 'v1', canary: 'v2' } };
  const annotated = yaml.replace(/^ {2}namespace: prod$/m, `  namespace: prod\n  annotations:\n    netloft.dev/rollout: '${JSON.stringify(lease)}'`);
  await applied(annotated, resourceVersion);
  await window.visit('rollouts');
  await window.text('Driven from elsewhere', 30);
  await window.text('it wants everything back at v1');
  await window.inBoth('rollout-leases');
  await window.choose('中文');
  await window.text('由别处驱动');
  await window.shot('rollout-leases-zh-dark');
  await window.choose('English');
  await window.press('button', 'Return to v1');
  await window.text('Everything back to v1');
  await window.shot('rollout-way-back-dark');
  await window.press('button', 'Put into the tray');
  await window.text('moves from v2 to v1', 40);
  const { yaml: waiting } = (await window.call('draft', { session })).items[0];
  assert.doesNotMatch(waiting, /netloft.dev\/rollout/);
  assert.match(waiting, /weight: 100/);
  assert.deepEqual(await window.violations(), []);
});

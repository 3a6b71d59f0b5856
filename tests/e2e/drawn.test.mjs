// Objects that are drawn: a route of the Gateway API as a tree, a gateway as doors, how long a request may take, limits against what is under way.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, Key, openShop } from './window.mjs';

const GATEWAY_API = 'gateway.networking.k8s.io';
const PARTING = `apiVersion: ${GATEWAY_API}/v1
kind: HTTPRoute
metadata:
  name: parting
  namespace: prod
spec:
  parentRefs: # whoever calls reviews
  - group: ''
    kind: Service
    name: reviews
    port: 9080
  rules:
  - name: testers
    matches:
    - headers:
      - name: end-user
        value: jason
    filters:
    - type: RequestHeaderModifier
      requestHeaderModifier:
        set:
        - name: x-tested
          value: 'yes'
    backendRefs:
    - name: ratings
      port: 9080
  - backendRefs:
    - name: reviews
      port: 9080
      weight: 90
    - name: ratings
      port: 9080
      weight: 10
`;

let window;
let session;
const pending = async (kind) => (await window.call('draft', { session })).items.find(({ object }) => object.kind === kind)?.yaml ?? '';
const size = (width) => window.session.manage().window().setRect({ width, height: 900 });

before(async () => {
  ({ window, session } = await openShop());
});
after(() => window?.close());

/** The same page in light, in Chinese, and narrow. */
async function looks(name) {
  await window.shot(`${name}-dark`);
  await window.choose('Light', '中文');
  await window.shot(`${name}-zh-light`);
  await window.choose('English');
  await window.choose('Dark');
  await size(1024);
  await window.shot(`${name}-1024`);
  await size(1440);
}

/** Puts a text in place of what an input says. */
async function fill(input, text) {
  await input.click();
  await window.chord(Key.CONTROL, 'a');
  await window.keys(text, Key.TAB);
}

test('a route of the Gateway API is a tree with a split that is edited in it, and nothing else of it changes', async () => {
  await window.call('draft_put', { session, yaml: PARTING, base: '' });
  await window.visit(`config?group=${GATEWAY_API}&kind=HTTPRoute&namespace=prod&name=parting`);
  await window.thing('group', 'The route as a picture: 2 rules');
  await eventually('what its backends take now', async () => /[1-9][\d.]*\/s now/.test(await window.read('.tree')), 40);
  await window.thing('button', 'end-user = jason');
  await window.thing('button', 'requestHeaderModifier');
  await window.press('button', 'Rule 2 of 2');
  await window.press('radio', 'Both');
  await fill(await window.find('.tree li:nth-of-type(2) .weight input'), '25');
  await eventually('the weights in the tray', async () => (await pending('HTTPRoute')).includes('weight: 75'));
  assert.equal(await pending('HTTPRoute'), PARTING.replace('weight: 90', 'weight: 75').replace('weight: 10', 'weight: 25'));
  await looks('drawn-route');
  await window.press('button', 'Destination');
  await eventually('another backend that takes nothing', async () => /weight: 0/.test(await pending('HTTPRoute')));
  await window.press('button', 'Move up');
  await eventually('the other order', async () => (await pending('HTTPRoute')).indexOf('weight: 75') < (await pending('HTTPRoute')).indexOf('jason'));
  await window.press('button', 'Remove rule');
  await eventually('the rule that was meant to be gone', async () => !/weight: 75/.test(await pending('HTTPRoute')) && /jason/.test(await pending('HTTPRoute')));
  await window.call('draft_clear', { session });
});

test('a gateway is its doors, with hosts and certificates', async () => {
  await window.visit('config?group=networking.istio.io&kind=Gateway&namespace=prod&name=shop');
  await eventually('its doors', async () => /HTTPS?/.test(await window.read('section[aria-label*="door"]')));
  await looks('drawn-doors');
  await window.press('radio', 'Both');
  await window.press('button', 'Port ');
  await eventually('the line of the port in the YAML', async () => (await window.yaml()).includes('servers:'));
  await window.visit(`config?of=${GATEWAY_API}/Gateway`);
  await window.text('· class istio');
});

test('how long a request may take is a line of its tries', async () => {
  await window.visit('routes?service=prod/reviews');
  await window.press('button', 'Rule 2 of 2');
  for (const what of ['Timeout', 'Retries']) await window.press('button', `Add ${what}`);
  await eventually('both in the tray', async () => /timeout: [^]*retries:|retries:[^]*timeout: /.test(await pending('VirtualService')));
  await window.find('figure[aria-label="How long a request may take"]');
  assert.match(await window.read('figure'), /Up to \d tries/);
  await looks('drawn-line');
  await window.press('button', 'Discard changes');
  await eventually('an empty tray', async () => (await pending('VirtualService')) === '');
});

test('limits stand beside what is under way, and a change of them says from what to what, for whom', async () => {
  await window.visit('routes?service=prod/catalog');
  await window.text('for each caller’s proxy by itself');
  await eventually('what is under way', async () => /\d now, |of \d+ now/.test(await window.read()), 40);
  await fill(await window.find('[data-at$="/tcp/maxConnections"] input'), '7');
  await eventually('the limit in the tray', async () => /maxConnections: 7/.test(await pending('DestinationRule')));
  await looks('drawn-limits');
  await window.visit('review');
  await window.text('tcp.maxConnections', 40);
  await window.shot('drawn-limits-review-dark');
  await window.choose('Light', '中文');
  await window.text('tcp.maxConnections');
  assert.match(await window.read(), /改为 7|新设：[^]*tcp\.maxConnections 7/);
  await window.shot('drawn-limits-review-zh-light');
  await window.choose('English');
  await window.choose('Dark');
  await window.call('draft_clear', { session });
});

test('number fields say what they count', async () => {
  await window.visit('routes?kind=DestinationRule&namespace=prod&name=catalog');
  await window.press('button', 'All fields');
  await eventually('units', async () => /connections|requests|errors|h m s ms/.test(await window.read('.schema')));
  await looks('drawn-units');
  assert.deepEqual(await window.violations(), []);
});

// An undo of a change after which somebody else has changed the same object: what both touched is decided in the review, one by one;
// what they did beside it stays; an object is left out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, Key, openShop } from './window.mjs';

const ROUTE = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };
const PROBE = { group: 'security.istio.io', kind: 'PeerAuthentication', namespace: 'dev', name: 'probe' };
const PROBE_YAML = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: probe
  namespace: dev
spec:
  mtls:
    mode: STRICT
`;
let window;
let session;

const yamlOf = async (object) => (await window.call('document', { session, object })).yaml;

/** Writes the route with a change of its text, and whatever else is in the tray. */
async function write(change, message) {
  const { yaml, resourceVersion } = await window.call('document', { session, object: ROUTE });
  const text = change(yaml);
  assert.notEqual(text, yaml);
  await window.call('draft_put', { session, yaml: text, base: resourceVersion });
  const review = await window.call('review', { session });
  const takeOver = [...new Set(review.items.flatMap(({ conflicts }) => conflicts.map(({ manager }) => manager)))];
  const { entry, state } = await window.call('apply', { session, token: review.token, message, takeOver });
  assert.equal(state, 'applied');
  return entry;
}

before(async () => {
  ({ window, session } = await openShop());
});
after(() => window?.close());

test('what both changed is shown with its three values, and nothing is written before it is decided', async () => {
  await window.call('draft_put', { session, yaml: PROBE_YAML, base: '' });
  const entry = await write((yaml) => yaml.replace('weight: 90', 'weight: 80').replace('weight: 10', 'weight: 20'), 'try v2');
  await write((yaml) => yaml.replace('weight: 80', 'weight: 60').replace('weight: 20', 'weight: 40').replace(/^ {2}http:\n/m, '$&  - match:\n    - uri:\n        prefix: /theirs\n    route:\n    - destination:\n        host: reviews\n        subset: v1\n'), 'theirs');
  await window.visit(`changes?entry=${entry}&undo=1`);
  await window.text('2 to decide');
  const disputes = await window.read('.disputes');
  for (const words of ['weight', 'Before us', '90', 'We wrote', '80', 'Live now', '60']) assert.ok(disputes.includes(words), `${words} in ${disputes}`);
  await window.press('button', 'VirtualService reviews');
  await window.inBoth('undo-disputes');
  await window.choose('中文');
  await window.text('2 处待决定');
  await window.shot('undo-disputes-zh');
  await window.choose('English');
});

test('it is decided by keyboard and by mouse, an object is left out, and the rest is undone', async () => {
  const first = await window.find('.dispute [role=radio]');
  await first.sendKeys(Key.ARROW_RIGHT);
  await window.text('1 to decide');
  await window.press('button', 'Take all back');
  await eventually('nothing left to decide', async () => !/to decide/.test(await window.read()));
  await window.press('button', 'PeerAuthentication probe');
  await window.press('button', 'Leave it out');
  await window.text('Left out');
  await window.inBoth('undo-decided');
  await window.press('button', 'Undo on ');
  await window.thing('heading', 'Undone in part: 1');
  await window.text('Taken back: VirtualService reviews.');
  await window.text('Left as it is: PeerAuthentication probe.');
  const yaml = await yamlOf(ROUTE);
  assert.match(yaml, /weight: 90[^]*weight: 10/);
  assert.match(yaml, /prefix: \/theirs/);
  assert.match(await yamlOf(PROBE), /STRICT/);
});

test('what was left out is still there to be undone', async () => {
  await window.visit('changes');
  await window.text('in part');
  await window.press('button', 'Open change 1');
  await window.press('button', 'Undo');
  await window.press('button', 'Undo on ');
  await window.thing('heading', 'Undone');
  await assert.rejects(yamlOf(PROBE));
  assert.match(await yamlOf(ROUTE), /prefix: \/theirs/);
  assert.deepEqual(await window.violations(), []);
});

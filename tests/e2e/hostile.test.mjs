// Text of a cluster is text: names, headers, annotations and contexts that want to be more are shown and do nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, Key, openWindow } from './window.mjs';

const MARKUP = '<img src=x onerror=window.brokeIn=1>';
const TURNED = 'safe\u202egpj.exe';
const BELL = 'a\u001b[31mred\u0007';
const HOSTILE = JSON.stringify({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'hostile', namespace: 'prod', annotations: { 'note/markup': MARKUP, 'note/turned': TURNED, 'note/bell': BELL, 'note/big': `start ${'x'.repeat(200 * 1024)} end` } },
  spec: {
    hosts: ['ratings'],
    http: [
      { name: `${MARKUP}${TURNED}`, match: [{ headers: { 'end-user': { exact: `<b>${TURNED}</b>` } }, uri: { prefix: '/</script><script>window.brokeIn=2</script>' } }], route: [{ destination: { host: 'ratings' } }] },
      { name: 'rest', route: [{ destination: { host: 'ratings' } }] },
    ],
  },
});
const KUBECONFIG = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:9' } }],
  users: [{ name: MARKUP, user: { token: 'none' } }],
  contexts: [MARKUP, `prod ${TURNED}`, BELL].map((name) => ({ name, context: { cluster: 'c', user: MARKUP } })),
});

let window;
let session;

/** Nothing that the cluster named became an element or ran. */
async function harmless() {
  assert.equal(await window.run('return window.brokeIn ?? null'), null);
  const made = await window.run(`return [...document.querySelectorAll('#app img, #app script, #app b, [onerror]')].filter((one) => /onerror|exe/.test(one.outerHTML) && one.tagName !== 'B' || one.textContent === ${JSON.stringify(TURNED)}).length`);
  assert.equal(made, 0);
  assert.deepEqual(await window.violations(), []);
}

before(async () => {
  window = await openWindow({ kubeconfig: KUBECONFIG });
  await window.thing('heading', 'Clusters');
  await window.choose('Dark', 'English');
});
after(() => window?.close());

test('contexts of a kubeconfig with hostile names are cards like others', async () => {
  await window.text(MARKUP);
  await eventually('the turned one as it is written', async () => (await window.read()).includes('safeU+202Egpj.exe'));
  await eventually('all of them', async () => (await window.read()).split('cannot be reached').length === 4);
  await harmless();
  await window.shot('hostile-clusters');
});

test('a hostile object is text in lists, in the route, in its YAML and on the map', async () => {
  await window.openDemo();
  session = await window.sessionId();
  await window.call('draft_put', { session, yaml: HOSTILE, base: '' });
  await window.text('1 pending');
  const review = await window.call('review', { session });
  await window.call('apply', { session, token: review.token, message: MARKUP, takeOver: [] });
  await window.visit('routes');
  await window.press('button', 'Edit the route of prod/ratings');
  await window.thing('button', 'Rule 2 of 2');
  assert.ok((await window.read()).includes(MARKUP), 'the name of the rule is shown as it is');
  await window.press('radio', 'YAML');
  await eventually('the annotation of 200 KiB in the YAML', async () => (await window.yaml()).includes('note/big'));
  await harmless();
  await window.shot('hostile-route');
  await window.visit('map?node=service:prod/ratings');
  await window.text('Where a request goes');
  // A character that turns the text around is shown as what it is.
  await eventually('its rule in the panel', async () => (await window.read('aside.panel')).includes('safeU+202Egpj.exe'));
  await harmless();
  await window.shot('hostile-map');
});

test('the journal and a question show it as text too', async () => {
  await window.visit('changes');
  await window.text(MARKUP);
  await window.press('button', 'Open change 1');
  await window.text('hostile');
  await harmless();
  const { nodes } = await window.call('graph', { session, windowSeconds: 300, level: 'services', namespaces: ['prod'] });
  const [port] = nodes.find(({ id }) => id === 'service:prod/ratings').ports;
  await window.visit(`explain?from=prod/reviews-v2&url=${encodeURIComponent(`http://ratings:${port}/${MARKUP}`)}&headers=${encodeURIComponent(`end-user: ${MARKUP}`)}`);
  // A proxy answers a path with a space by itself.
  await window.text('no spaces');
  await harmless();
});

test('search finds it, and Ctrl-K shows hostile contexts as they are written', async () => {
  await window.visit('map');
  await window.find('canvas');
  await window.chord(Key.CONTROL, 'k');
  await window.find('[role=combobox]');
  await window.keys('onerror');
  await window.text(MARKUP);
  await harmless();
});

// What others do to an object that we changed: it is marked in the journal, with the fields and with who it was.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve } from './served.mjs';
import { eventually, Key, openWindow } from './window.mjs';

const ROUTE = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };
const everything = { search: '', kind: '', user: '', since: null, until: null, allClusters: false };
let served;
let window;
let session;
let ours;

/** Somebody else, with a tool of their own, straight to the cluster. */
async function byHand(patch) {
  const path = `/apis/${ROUTE.group}/v1/namespaces/${ROUTE.namespace}/virtualservices/${ROUTE.name}?fieldManager=somebody-else`;
  const headers = { authorization: 'Bearer demo-admin', 'content-type': 'application/merge-patch+json' };
  const answer = await fetch(served.url + path, { method: 'PATCH', headers, body: JSON.stringify(patch) });
  assert.equal(answer.status, 200, await answer.text());
}
const rows = () => window.call('history', { session, ...everything });

before(async () => {
  served = await serve();
  window = await openWindow({ kubeconfig: served.kubeconfig.replaceAll(/\bdemo\b(?!-)/g, 'far-away') });
  await window.text('far-away');
  await window.choose('Dark', 'English');
  await window.chord(Key.CONTROL, 'k');
  await window.find('[role=dialog] input');
  await window.keys('far-away');
  await window.thing('option', 'far-away');
  await window.keys(Key.ENTER);
  await window.find('canvas', 40);
  session = await window.sessionId();
});
after(async () => {
  await window?.close();
  await served?.stop();
});

test('what we applied is ours until somebody changes it', async () => {
  const { yaml, resourceVersion } = await window.call('document', { session, object: ROUTE });
  await window.call('draft_put', { session, yaml: yaml.replace('weight: 90', 'weight: 80').replace('weight: 10', 'weight: 20'), base: resourceVersion });
  const review = await window.call('review', { session });
  const takeOver = review.items.flatMap(({ conflicts }) => conflicts.map(({ manager }) => manager));
  await window.call('apply', { session, token: review.token, message: 'twenty for the new one', takeOver });
  await window.press('link', 'Changes');
  await window.text('twenty for the new one');
  assert.equal((await rows())[0].drifted, 0);
  assert.doesNotMatch(await window.read(), /changed since/);
});

test('a change by somebody else marks the entry, and says which field and who it was', async () => {
  const { yaml } = await window.call('document', { session, object: ROUTE });
  const { value } = await window.call('yaml_read', { yaml });
  ours = value.spec.http;
  const theirs = structuredClone(ours);
  for (const { route } of theirs) for (const one of route ?? []) one.weight = { 80: 30, 20: 70 }[one.weight] ?? one.weight;
  await byHand({ spec: { http: theirs } });
  await window.text('1 object changed since', 30);
  const [{ entry, drifted }] = await rows();
  assert.equal(drifted, 1);
  await window.shot('drift-journal-dark');
  await window.visit(`changes?entry=${entry}`);
  await window.text('Somebody changed these fields after us');
  assert.match(await window.read(), /spec\.http[^]*now owned by somebody-else/);
  await window.shot('drift-entry-dark');
  await window.choose('Light', '中文');
  await window.text('有人在我们之后改过这些字段');
  assert.match(await window.read(), /somebody-else/);
  await window.shot('drift-entry-zh-light');
  await window.choose('English');
  await window.choose('Dark');
  assert.deepEqual(await window.violations(), []);
});

test('what is put back as we left it is no longer marked', async () => {
  await byHand({ spec: { http: ours } });
  await eventually('no drift', async () => (await rows())[0].drifted === 0, 30);
  await window.visit('changes');
  await eventually('no mark', async () => !(await window.read()).includes('changed since'));
});

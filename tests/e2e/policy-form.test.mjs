// An AuthorizationPolicy by its form: who, to what, when; allowing and denying; applied, decided so, and undone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { By, eventually, Key, openShop } from './window.mjs';

let window;
let session;
let url;

const pending = async () => (await window.call('draft', { session })).items;
/** What becomes of a request of reviews to ratings, by the engine. */
const outcome = async (method, headers) => {
  const request = { id: 'e2e', from: { namespace: 'prod', workload: 'reviews-v2' }, method, url, headers };
  return (await window.call('explain', { session, request, withDraft: false })).outcome;
};
async function apply() {
  await window.press('button', 'Review and apply');
  await window.text('dry-run accepted');
  await window.press('button', 'Apply to ');
  await window.thing('heading', 'Applied');
}

before(async () => {
  ({ window, session } = await openShop());
  const { nodes } = await eventually('the map', () => window.call('graph', { session, windowSeconds: 300, level: 'services', namespaces: ['prod'] }));
  url = `http://ratings:${nodes.find(({ id }) => id === 'service:prod/ratings').ports[0]}/`;
});
after(() => window?.close());

test('who, to what and when are chosen in the form, said in words, and wait in the tray', async () => {
  await window.press('link', 'Security');
  const group = await window.find('section[aria-label="prod"]');
  await group.findElement(By.xpath('.//button[contains(., "New policy")]')).click();
  await window.press('menuitem', 'Who may call (AuthorizationPolicy)');
  await window.press('radio', 'Some pods');
  const pods = await window.find('section[aria-label="Where"] .value input');
  await pods.click();
  await window.chord(Key.CONTROL, 'a');
  await window.keys('ratings', Key.ENTER);
  await window.press('button', 'Request');
  await window.press('button', 'Condition');
  await window.text('Only callers in prod may GET on ratings when request.headers[x-team] is one of web');
  await window.text('1 pending');
  const yaml = await eventually('all of it in the tray', async () => {
    const [item] = await pending();
    const parts = [/app: ratings/, /action: ALLOW/, /namespaces:\s+- prod/, /methods:\s+- GET/, /key: request\.headers\[x-team\]\s+values:\s+- web/];
    return parts.every((part) => part.test(item?.yaml ?? '')) && item.yaml;
  });
  assert.equal(await window.yaml(), yaml);
  await window.shot('policy-form-dark');
});

test('applied, it lets through just what it names', async () => {
  assert.equal(await outcome('GET', {}), 'forwarded');
  await apply();
  await eventually('others to be refused', async () => (await outcome('GET', {})) === 'denied');
  assert.equal(await outcome('GET', { 'x-team': 'web' }), 'forwarded');
  assert.equal(await outcome('POST', { 'x-team': 'web' }), 'denied');
});

test('turned into a denial it refuses just that, and undone it allows again', async () => {
  await window.press('link', 'Security');
  await window.press('button', 'Edit AuthorizationPolicy default');
  await window.press('radio', 'Deny');
  await eventually('the edit in the tray', async () => (await pending())[0]?.yaml.includes('action: DENY'));
  await apply();
  await eventually('it to be refused', async () => (await outcome('GET', { 'x-team': 'web' })) === 'denied');
  assert.equal(await outcome('POST', {}), 'forwarded');
  await window.press('link', 'Changes');
  await window.press('button', 'Open change 2');
  await window.press('button', 'Undo');
  await window.press('button', 'Undo on ');
  await window.thing('heading', 'Undone');
  await eventually('it to be allowed again', async () => (await outcome('GET', { 'x-team': 'web' })) === 'forwarded');
});

test('no page of the run broke the content security policy', async () => {
  assert.deepEqual(await window.violations(), []);
});

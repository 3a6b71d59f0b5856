// Writing policies, asking about requests, and what happens to text that does not read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { By, eventually, Key, openShop } from './window.mjs';

let window;
let session;

before(async () => {
  ({ window, session } = await openShop());
});
after(() => window?.close());

const pending = async () => (await window.call('draft', { session })).items;

test('a new policy says in words what it means, the tray what it does, and discarding leaves nothing', async () => {
  await window.press('link', 'Security');
  const group = await window.find('section[aria-label="prod"]');
  await group.findElement(By.xpath('.//button[contains(., "New policy")]')).click();
  await window.press('menuitem', 'Mutual TLS (PeerAuthentication)');
  await window.press('radio', 'STRICT');
  await window.text('All of prod take mutual TLS only. Callers without a proxy are refused.');
  await window.text('1 pending');
  assert.equal((await pending())[0].object.kind, 'PeerAuthentication');
  // The batch job of `legacy` has no proxy, and calls the shop in plaintext.
  await eventually('the tray to say who is cut off', async () => /cut off|refused|denied/i.test(await window.read('footer.tray .says')));
  await window.shot('policy-dark');
  await window.press('button', 'Discard');
  await eventually('the tray to be empty', async () => (await pending()).length === 0);
  await window.text('No pending changes');
});

test('a request is explained step by step, with what decided each', async () => {
  await window.visit('explain?from=prod/storefront-v1&url=http://reviews:9080/reviews/42');
  await window.text('Forwarded');
  const page = await window.read();
  for (const step of ['Route', 'Split', 'Authorization']) assert.match(page, new RegExp(step, 'i'));
  assert.match(page, /VirtualService prod\/reviews/);
  await window.shot('explain-dark');
});

test('broken YAML names its line, keeps the form, and never reaches the tray', async () => {
  await window.press('link', 'Routes');
  await window.press('button', 'Edit the route of prod/reviews');
  await window.press('radio', 'Both');
  const editor = await window.find('.cm-content');
  await editor.click();
  await window.chord(Key.CONTROL, Key.END);
  await window.keys('\n  broken: [\n');
  await window.text('until line');
  await window.text('The form keeps what it last read');
  await window.shot('broken-yaml-dark');
  await window.thing('button', 'Rule 2 of 2');
  assert.deepEqual(await pending(), []);
  // The way out that the form names.
  assert.doesNotMatch(await window.read('main header'), /pending/);
  await window.press('button', 'Undo');
  await eventually('the form to be back', async () => !(await window.read()).includes('until line'));
});

test('no page of the run broke the content security policy', async () => {
  assert.deepEqual(await window.violations(), []);
});

// An editor that is open while others change its object, several objects of one host, help at the cursor.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { By, eventually, Key, openShop } from './window.mjs';

const ROUTE = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };
let window;
let session;
let other;

/** Somebody else, with a session of their own, changes an object and applies it. */
async function elsewhere(change, object = ROUTE) {
  const { yaml, resourceVersion } = object ? await window.call('document', { session: other, object }) : { yaml: '', resourceVersion: '' };
  await window.call('draft_put', { session: other, yaml: change(yaml), base: resourceVersion });
  const review = await window.call('review', { session: other });
  const takeOver = review.items.flatMap(({ conflicts }) => conflicts.map(({ manager }) => manager));
  await window.call('apply', { session: other, token: review.token, message: 'by somebody else', takeOver });
}
const pending = async () => (await window.call('draft', { session })).items;

before(async () => {
  ({ window, session } = await openShop());
  other = (await window.call('open', { cluster: 'demo' })).session;
  await window.visit('routes?service=prod/reviews');
  await window.thing('button', 'Rule 2 of 2');
  await window.press('radio', 'Both');
});
after(() => window?.close());

test('what others change comes into an open editor by itself, and says who changed what', async () => {
  await elsewhere((yaml) => yaml.replace('- name: everyone\n', '- name: everyone\n    timeout: 7s\n'));
  await window.text('changed VirtualService reviews meanwhile');
  await eventually('the new line in the YAML', async () => (await window.yaml()).includes('timeout: 7s'));
  await window.shot('studio-changed-dark');
  await window.press('button', 'Seen');
  assert.deepEqual(await pending(), []);
});

test('a change beside an edit is merged into it', async () => {
  await window.press('button', 'Rule 2 of 2');
  const field = await window.find('input[inputmode=decimal][class*=mono]');
  await field.click();
  await window.keys(Key.ARROW_DOWN);
  await eventually('the edit in the tray', async () => (await pending())[0]?.yaml.includes('weight: 89'));
  await elsewhere((yaml) => yaml.replace('timeout: 7s', 'timeout: 9s'));
  await eventually('both in the tray', async () => {
    const [item] = await pending();
    return item?.yaml.includes('weight: 89') && item.yaml.includes('timeout: 9s') && !item.outdated;
  });
  await eventually('both in the YAML', async () => (await window.yaml()).split('\n').filter((line) => /timeout: 9s|weight: 89/.test(line)).length === 2);
});

test('where both changed one field the user is asked, and no edit is lost', async () => {
  await elsewhere((yaml) => yaml.replace('weight: 90', 'weight: 70').replace('weight: 10', 'weight: 30'));
  await window.text('and you changed the same of VirtualService reviews');
  assert.match(await window.read('.news'), /yours 89, live 70/);
  assert.match((await pending())[0].yaml, /weight: 89/);
  await window.shot('studio-clash-dark');
  await window.press('button', 'Keep mine');
  await eventually('mine, on the new ground', async () => {
    const [item] = await pending();
    return item?.yaml.includes('weight: 89') && !item.outdated;
  });
  await window.press('button', 'Discard changes');
  await eventually('what is live', async () => (await window.yaml()).includes('weight: 70'));
  await eventually('an empty tray', async () => (await pending()).length === 0);
});

test('the line at the cursor is explained', async () => {
  const line = await eventually('the weight', async () => {
    for (const found of await window.session.findElements(By.css('.cm-line'))) if ((await found.getText()).includes('weight: 70')) return found;
    return null;
  });
  await line.click();
  await window.text('Share of the requests');
  assert.match(await window.read('.pane footer'), /spec\.http\[\]\.route\[\]\.weight[^]*integer/);
});

test('of several routes of one host each can be opened', async () => {
  await elsewhere(() => 'apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: reviews-extra\n  namespace: prod\nspec:\n  hosts:\n  - reviews\n  http:\n  - route:\n    - destination:\n        host: reviews\n', null);
  await window.visit('routes');
  await window.press('button', 'Edit the route of prod/reviews');
  const choice = await window.find('.which button');
  await eventually('the one that is open', async () => (await window.read('.which')).includes('prod/reviews'));
  await window.shot('studio-which-dark');
  await choice.click();
  await (await window.thing('option', 'prod/reviews-extra')).click();
  await window.press('radio', 'Both');
  await eventually('its YAML', async () => (await window.yaml()).includes('name: reviews-extra'));
});

test('no page of the run broke the content security policy', async () => {
  assert.deepEqual(await window.violations(), []);
});

// Recipes as a user takes them: chosen from the list, filled in, reviewed, applied, taken back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, openShop } from './window.mjs';

const ROUTE = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };
let window;
let session;

before(async () => {
  ({ window, session } = await openShop());
});
after(() => window?.close());

const pending = async () => (await window.call('draft', { session })).items;
const live = async () => (await window.call('document', { session, object: ROUTE })).yaml;
/** Opens the list of the field with this label, and gives its options as they read. */
async function list(label) {
  const id = await eventually(`the field “${label}”`, () => window.run(`return [...document.querySelectorAll('label')].find((one) => one.textContent.trim() === arguments[0])?.htmlFor`, label));
  await (await window.find(`[role=combobox][id="${id}"]`)).click();
  return eventually('its list', async () => {
    const options = await window.run(`return [...document.querySelectorAll('[role=option]')].map((one) => one.innerText.trim().replace(/\\s+/g, ' '))`);
    return options.length > 1 && options;
  });
}
async function recipe(name) {
  await window.press('link', 'Recipes');
  await window.press('link', name);
  await window.thing('heading', name);
}
async function review() {
  // Until it is known what will be created the button does nothing.
  await window.find('.recipe header button:not([aria-disabled=true])');
  await window.press('button', 'Put into the tray');
  await window.text('dry-run accepted', 40);
}

test('services say their namespace and versions, those that fit stand first, and one that does not says why', async () => {
  await recipe('Canary by share');
  const options = await list('Service');
  assert.ok(options.includes('prod/reviews v1, v2, v3'), options.join('; '));
  assert.ok(options.indexOf('prod/reviews v1, v2, v3') < options.indexOf('prod/cart v1 alone'), options.join('; '));
  await window.press('option', 'prod/cart');
  await window.text('prod/cart has one version, v1');
  await window.shot('recipe-unfit-dark');
});

test('a share goes to a version, its effect is told, and undone the route is as it was, byte for byte', async () => {
  const was = await live();
  await list('Service');
  await window.press('option', 'prod/reviews');
  await list('New version');
  await window.press('option', 'v3');
  await review();
  await eventually('its effect', async () => /10 % moves from v2 to v3/.test(await window.read('section.effect')));
  await window.press('button', 'Take these fields over');
  await (await window.find('.why input')).sendKeys('a tenth to v3');
  await window.press('button', 'Apply to ');
  await window.thing('heading', 'Applied');
  assert.match(await live(), /subset: v3\s+weight: 10/);
  await window.press('link', 'Changes');
  await window.press('button', 'Open change 1');
  await window.press('button', 'Undo');
  await window.press('button', 'Undo on ');
  await window.thing('heading', 'Undone');
  assert.equal(await live(), was);
});

test('tokens at the edge are said to refuse whoever comes from outside without one', async () => {
  await recipe('Tokens at the edge');
  await review();
  await eventually('who is refused', async () => /outside → shop\.example\.com[^]*refused: a rule of AuthorizationPolicy token-needed denies it/.test(await window.read('section.effect')));
  await window.call('draft_clear', { session });
});

test('with several objects the one that needs a decision is open, and limits are told once', async () => {
  await recipe('Retries with a budget');
  await list('Service');
  await window.press('option', 'prod/reviews');
  await review();
  await window.text('is also owned by');
  assert.match(await window.read('.object[aria-pressed=true]'), /VirtualService reviews/);
  assert.match(await window.read('section.effect'), /newly set: retryBudget\.minRetryConcurrency 3, retryBudget\.percent 20/);
  await window.shot('recipe-retries-dark');
  await window.call('draft_clear', { session });
  await eventually('an empty tray', async () => (await pending()).length === 0);
});

test('no page of the run broke the content security policy', async () => {
  assert.deepEqual(await window.violations(), []);
});

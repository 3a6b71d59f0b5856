// An EnvoyFilter step by step in the real window: told in a sentence, chosen by keyboard, one document with the YAML.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { By, eventually, Key, openShop } from './window.mjs';

let window;
let session;
const pending = async () => (await window.call('draft', { session })).items[0]?.yaml ?? '';

/** A control of a patch by its label. */
const control = (part, label) => window.session.findElement(By.xpath(`//section[@aria-label="${part}"]//*[@data-at][.//*[normalize-space(.)="${label}"]]//*[self::input or self::textarea or contains(@class, "select")]`));

/** Opens a list of choices as soon as it can be, and takes one by the arrow keys; `seen` looks at the open list. */
async function pick(part, label, option, seen = async () => undefined) {
  await eventually(`the list of ${label}`, async () => {
    await (await control(part, label)).sendKeys(Key.ENTER);
    return true;
  });
  await window.thing('option', option);
  await seen();
  await window.keys(Key.HOME);
  await eventually(`${option} to be marked`, async () => {
    if ((await window.read('[role=option][data-highlighted]')).startsWith(option)) return true;
    await window.keys(Key.ARROW_DOWN);
    return false;
  });
  await window.keys(Key.ENTER);
  await eventually('the list to close', async () => (await window.session.findElements(By.css('[role=option]'))).length === 0);
}

before(async () => {
  ({ window, session } = await openShop());
  await window.visit('config?group=networking.istio.io&kind=EnvoyFilter&namespace=prod&new=yes');
  await window.thing('button', 'Add a patch');
});
after(() => window?.close());

test('a new one is told in a sentence, with its steps', async () => {
  await window.text('connect_timeout is merged into every outbound cluster');
  assert.match(await window.read(), /This patches the proxies’ own configuration/);
  await window.text('Where it applies');
  await window.shot('envoy-guide-dark');
});

test('a filter is put before the router, and the YAML beside is the same document', async () => {
  await window.press('button', 'Add a patch');
  await window.text('is inserted before the HTTP filter envoy.filters.http.router');
  await eventually('the patch in the tray', async () => (await pending()).includes('INSERT_BEFORE'));
  await eventually('the patch in the YAML', async () => (await window.yaml()).includes('operation: INSERT_BEFORE'));
  const port = await control('Patch 2', 'Port');
  await port.click();
  await window.keys('9080', Key.TAB);
  await window.text('of every inbound listener with port 9080');
  await window.shot('envoy-guide-filter-dark');
});

test('names come from the cluster', async () => {
  const filter = await control('Patch 2', 'HTTP filter');
  await filter.click();
  await window.thing('option', 'envoy.filters.http.jwt_authn');
  await window.shot('envoy-guide-names-dark');
  await window.keys(Key.ESCAPE);
});

test('what a choice excludes leaves, and what does nothing is said', async () => {
  await pick('Patch 2', 'Part of the configuration', 'LISTENER_FILTER', () => window.shot('envoy-guide-places-dark'));
  await eventually('the match of another sort to stay where it fits', async () => (await pending()).includes('LISTENER_FILTER'));
  await pick('Patch 2', 'Part of the configuration', 'CLUSTER');
  await window.text('The same as ADD: there is no order here.');
  await eventually('no match of listeners', async () => !(await pending()).includes('listener:'));
  await window.choose('Light', '中文');
  await window.text('修改什么');
  await window.shot('envoy-guide-zh-light');
  await window.choose('English');
  await window.shot('envoy-guide-light');
  await window.choose('Dark');
  assert.deepEqual(await window.violations(), []);
});

test('a value without its type is refused before the server says so', async () => {
  const value = await control('Patch 1', 'Value');
  await value.click();
  await window.session.actions().keyDown(Key.CONTROL).sendKeys('a').keyUp(Key.CONTROL).perform();
  await window.keys('transport_socket: {name: tls, typed_config: {x: 1}}', Key.TAB);
  await window.text('typed_config needs an @type that says what it is', 30);
  await window.shot('envoy-guide-refused-dark');
});

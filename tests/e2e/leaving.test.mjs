// Whoever closes the last window leaves nothing behind: log levels of proxies are as they were.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeWindows } from './frame.mjs';
import { serve } from './served.mjs';
import { By, eventually, Key, openWindow } from './window.mjs';

let served;
before(async () => {
  served = await serve();
});
after(() => served?.stop());

/** A window of the served cluster; with its session and one of its proxies. */
async function open() {
  const window = await openWindow({ kubeconfig: served.kubeconfig.replaceAll(/\bdemo\b(?!-)/g, 'far-away') });
  await window.text('far-away');
  await window.choose('Dark', 'English');
  await window.chord(Key.CONTROL, 'k');
  await window.find('[role=dialog] input');
  await window.keys('far-away');
  await window.thing('option', 'far-away');
  await window.keys(Key.ENTER);
  await window.find('canvas', 40);
  const session = await window.sessionId();
  const { rows } = await eventually('the proxies', async () => {
    const answer = await window.call('proxies', { session });
    return answer.rows.length > 0 && answer;
  });
  const { namespace, pod } = rows.find(({ workload }) => workload === 'cart-v1');
  const level = async () => (await window.call('proxy_loggers', { session, namespace, pod })).find(({ name }) => name === 'rbac').level;
  return { window, namespace, pod, level };
}

test('closing the window puts a log level back', async () => {
  const first = await open();
  let closed = false;
  const second = await open();
  try {
    await first.window.visit(`proxy?proxy=${first.namespace}/${first.pod}&tab=levels`);
    const select = By.xpath('//button[@id = //label[normalize-space(.) = "Level of rbac"]/@for]');
    await (await eventually('the level of rbac', async () => (await first.window.session.findElements(select))[0])).click();
    await first.window.press('option', 'debug');
    await first.window.text('was warning');
    assert.equal(await second.level(), 'debug', 'the other sees what the proxy has');
    // By its frame: the program ends by itself, and does first what it has to.
    assert.equal(await closeWindows(first.window.display), 1);
    closed = true;
    await eventually('the level to be put back', async () => (await second.level()) === 'warning');
  } finally {
    await second.window.close();
    if (!closed) await first.window.shot('failed').catch(() => {});
    await first.window.close();
  }
});

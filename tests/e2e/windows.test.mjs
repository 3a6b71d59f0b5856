// Two windows of one app follow their clusters on their own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, openWindow } from './window.mjs';

let window;
before(async () => {
  window = await openWindow();
  await window.openDemo();
});
after(() => window?.close());

test('a second window has a session of its own, and closing it leaves the first alive', async () => {
  const first = await window.session.getWindowHandle();
  const mine = await window.sessionId();
  await window.visit('clusters');
  await window.press('button', 'Actions for Demo shop');
  await window.press('menuitem', 'Open in a new window');
  const handles = await eventually('a second window', async () => {
    const all = await window.session.getAllWindowHandles();
    return all.length === 2 && all;
  });
  await window.session.switchTo().window(handles.find((handle) => handle !== first));
  await window.find('canvas');
  const other = await eventually('its session', () => window.sessionId());
  assert.notEqual(other, mine);
  await window.session.close();
  await window.session.switchTo().window(first);
  assert.equal((await window.call('overview', { session: mine })).cluster.name, 'Demo shop');
});

// A program that ends in the middle of a change: the next start says what is known of it, and offers to finish.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { serve } from './served.mjs';
import { eventually, Key, openWindow } from './window.mjs';

const ends = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

const isWrite = ({ method, url }) => ['POST', 'PUT', 'PATCH'].includes(method) && url.includes('/apis/networking.istio.io/') && !url.includes('dryRun');

/** Passes everything on to `url`, but no write after the first until it is let through. */
async function valve(url) {
  const target = new URL(url);
  const state = { held: 0, open: false, written: 0 };
  const proxy = http.createServer((asked, answer) => {
    if (isWrite(asked) && !state.open && (state.written += 1) > 1) {
      state.held += 1;
      return;
    }
    const on = http.request({ host: target.hostname, port: target.port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    answer.on('close', () => on.destroy());
    on.on('error', () => answer.destroy());
    asked.pipe(on);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return { state, url: `http://127.0.0.1:${proxy.address().port}`, close: () => new Promise((done) => proxy.close(done).closeAllConnections()) };
}

const entry = (name) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: ${name}
  namespace: prod
spec:
  hosts:
  - ${name}.example.com
  location: MESH_EXTERNAL
  resolution: DNS
  ports:
  - number: 443
    name: tls
    protocol: TLS
`;

async function openFar(options) {
  const window = await openWindow(options);
  ends.push(window.close);
  await window.text('far-away');
  await window.chord(Key.CONTROL, 'k');
  await window.find('[role=dialog] input');
  await window.keys('far-away');
  await window.thing('option', 'far-away');
  await window.keys(Key.ENTER);
  await window.find('canvas', 40);
  return window;
}

test('what a change came to that was cut off is said at the next start, and its rest is put into the tray', async () => {
  const served = await serve();
  ends.push(served.stop);
  const between = await valve(served.url);
  ends.push(between.close);
  const kubeconfig = served.kubeconfig.replaceAll(served.url, between.url).replaceAll(/\bdemo\b(?!-)/g, 'far-away');
  const first = await openFar({ kubeconfig });
  ends.push(() => rmSync(first.home, { recursive: true, force: true, maxRetries: 5 }));
  const session = await first.sessionId();
  for (const name of ['alpha', 'beta']) await first.call('draft_put', { session, yaml: entry(name), base: '' });
  const { token } = await first.call('review', { session });
  // Nobody waits for its end.
  await first.run(`void window.__TAURI_INTERNALS__.invoke('call', { name: 'apply', args: arguments[0] }).catch(() => undefined)`, { session, token, message: 'two ways out', takeOver: [] });
  await eventually('the second write to be under way', () => between.state.held > 0, 40);
  await first.close({ keepHome: true });

  between.state.open = true;
  const window = await openFar({ kubeconfig, home: first.home });
  await window.text('did not come to its end', 40);
  await window.text('1 of 2 objects were written');
  await window.shot('crash-said-dark');
  await window.press('button', 'Finish or undo it');
  await window.text('One of 2 objects was not written');
  await window.shot('crash-entry-dark');
  await window.choose('Light', '中文');
  await window.text('2 个对象中有 1 个没有写入');
  await window.shot('crash-entry-zh-light');
  await window.choose('English');
  await window.choose('Dark');
  await window.press('button', 'Put the rest into the tray');
  await window.text('Review', 40);
  const again = await window.sessionId();
  const { items } = await window.call('draft', { session: again });
  assert.deepEqual(items.map(({ object }) => object.name), ['beta']);
  await window.shot('crash-finish-dark');
  assert.deepEqual(await window.violations(), []);
});

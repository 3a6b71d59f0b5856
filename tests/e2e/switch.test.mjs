// Ctrl-K goes to another cluster and leaves nothing running at the old one.
import { once } from 'node:events';
import http from 'node:http';
import { after, test } from 'node:test';
import { serve } from './served.mjs';
import { eventually, Key, openWindow } from './window.mjs';

const ends = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** Passes everything on to `url`, and knows which watches are open. */
async function counted(url) {
  const open = new Set();
  const target = new URL(url);
  const proxy = http.createServer((asked, answer) => {
    const on = http.request({ host: target.hostname, port: target.port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    if (/[?&]watch=(1|true)/.test(asked.url)) open.add(asked.url);
    answer.on('close', () => {
      open.delete(asked.url);
      on.destroy();
    });
    on.on('error', () => answer.destroy());
    asked.pipe(on);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return { open, url: `http://127.0.0.1:${proxy.address().port}`, close: () => new Promise((done) => proxy.close(done).closeAllConnections()) };
}

test('Ctrl-K switches to another cluster, and the watches of the old one stop', async () => {
  const served = await serve();
  ends.push(served.stop);
  const between = await counted(served.url);
  ends.push(between.close);
  // A name that the built-in cluster does not have too.
  const kubeconfig = served.kubeconfig.replaceAll(served.url, between.url).replaceAll(/\bdemo\b(?!-)/g, 'far-away');
  const window = await openWindow({ kubeconfig });
  ends.push(window.close);

  await window.text('far-away');
  const to = async (words) => {
    await window.chord(Key.CONTROL, 'k');
    await window.find('[role=dialog] input');
    await window.keys(words);
    await window.thing('option', words);
    await window.keys(Key.ENTER);
  };
  await to('far-away');
  await window.find('canvas');
  await eventually('watches of the served cluster', () => between.open.size > 10);

  await to('Demo shop');
  await eventually('the demo to be open', async () => JSON.parse(await window.run(`return sessionStorage.getItem('netloft.session')`)).cluster === 'demo');
  await window.find('canvas');
  await eventually('the old watches to end', () => between.open.size === 0);
});

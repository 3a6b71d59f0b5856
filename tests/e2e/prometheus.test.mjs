// The Prometheus of a cluster: none in the demo, and that is said; one at an address is asked, and says what it has and has not.
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { By, Key, eventually, openShop } from './window.mjs';

let window;
let server;

/** A Prometheus that scrapes something, and nothing of a mesh. */
async function serving() {
  const vector = (result) => JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
  server = http.createServer((asked, answer) => {
    const url = new URL(asked.url, 'http://localhost');
    const query = url.searchParams.get('query') ?? '';
    const now = Date.now() / 1000;
    answer.setHeader('content-type', 'application/json');
    if (url.pathname.endsWith('/buildinfo')) answer.end(JSON.stringify({ status: 'success', data: { version: '2.42.0' } }));
    else if (query === 'time()') answer.end(JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [now, String(now)] } }));
    else if (query.startsWith('time() - max(timestamp(up')) answer.end(vector([{ metric: {}, value: [now, '4.5'] }]));
    else answer.end(vector([]));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

before(async () => {
  ({ window } = await openShop());
});
after(async () => {
  await window?.close();
  server?.close();
});

test('the settings say that there is none, take an address, and say what it has', async () => {
  const url = await serving();
  await window.press('button', 'Settings');
  await window.text('Prometheus of Demo shop');
  await window.text('no Service of this cluster looks like a Prometheus');
  await window.shot('prometheus-none-dark');
  await window.press('button', 'The one in the cluster');
  await window.press('option', 'At an address');
  await window.session.findElement(By.css('input[placeholder="https://prometheus.example:9090"]')).sendKeys(url, Key.ENTER);
  await window.text('In use');
  await eventually('what it has not', async () => (await window.run(`return document.body.textContent`)).includes('no istio_requests_total'));
  await window.shot('prometheus-address-dark');
  await window.keys(Key.ESCAPE);
  await window.choose('Light');
  await window.press('button', 'Settings');
  await window.text('In use');
  await window.shot('prometheus-address-light');
});

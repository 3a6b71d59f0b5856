// The first minute of the app: what a fresh machine, a dead cluster and a broken file look like.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, test } from 'node:test';
import { openWindow } from './window.mjs';

/** A port of this machine where nobody listens. */
async function refusedPort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const windows = [];
after(() => Promise.all(windows.map((window) => window.close())));
async function opened(options) {
  const window = await openWindow(options);
  windows.push(window);
  return window;
}

test('without any kubeconfig the demo is there and says what it is', async () => {
  const window = await opened();
  await window.thing('heading', 'Clusters');
  await window.text('demo');
  await window.text('Built in: a small shop on Istio');
  await window.text('Kubernetes 1.');
  await window.shot('clusters-dark');
  assert.deepEqual(await window.violations(), []);
});

test('a dead cluster says why, and the demo beside it opens', async () => {
  const port = await refusedPort();
  const window = await opened({
    kubeconfig: `apiVersion: v1
kind: Config
clusters: [{ name: dead, cluster: { server: "http://127.0.0.1:${port}" } }]
users: [{ name: someone, user: { token: not-a-real-one } }]
contexts: [{ name: dead, context: { cluster: dead, user: someone } }]
current-context: dead
`,
  });
  await window.text('dead');
  await window.text('refused');
  await window.shot('clusters-dead');
  await window.openDemo();
  await window.find('canvas');
  assert.deepEqual(await window.violations(), []);
});

test('an expired token is told from a dead cluster, and blocks nothing', async () => {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'Unauthorized', reason: 'Unauthorized', code: 401 };
  const server = http.createServer((_, answer) => answer.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify(status)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  after(() => server.close());
  const window = await opened({
    kubeconfig: `apiVersion: v1
kind: Config
clusters: [{ name: stale, cluster: { server: "http://127.0.0.1:${server.address().port}" } }]
users: [{ name: someone, user: { token: long-expired } }]
contexts: [{ name: stale, context: { cluster: stale, user: someone } }]
current-context: stale
`,
  });
  await window.text('sign-in failed');
  // Why, and what to do; never the token.
  assert.match(await window.read(), /401|refused the credentials|token/i);
  assert.doesNotMatch(await window.run('return document.documentElement.outerHTML'), /long-expired/);
  await window.thing('button', 'Try again');
  await window.shot('clusters-expired');
  await window.openDemo();
  await window.find('canvas');
  assert.deepEqual(await window.violations(), []);
});

test('a kubeconfig that cannot be read is named with its line, and blocks nothing', async () => {
  const window = await opened({ kubeconfig: 'apiVersion: v1\nclusters:\n  - name: [\n' });
  await window.text('kubeconfig');
  await window.shot('clusters-broken-file');
  await window.openDemo();
  await window.find('canvas');
  assert.deepEqual(await window.violations(), []);
});

// The proxies: which are ill and why, one of them opened down to the object that broke it, and what the mesh costs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { By, eventually, openShop } from './window.mjs';

let window;
let session;
let email;

before(async () => {
  ({ window, session } = await openShop({ width: 1600, height: 1000 }));
  const rows = async () => (await window.call('proxies', { session })).rows;
  // The certificates and the configurations come with the second look.
  await eventually('every proxy to be looked at', async () => {
    const all = await rows();
    // Those that do not run, or are not ready, are not asked.
    return all.length > 20 && all.every(({ size, sync, ready, presence }) => size !== null || sync === 'no-xds' || !ready || presence !== 'running');
  });
  email = (await rows()).find(({ workload }) => workload === 'email-v1');
});
after(() => window?.close());

test('the ill proxies come first, each with what ails it', async () => {
  await window.visit('proxies?show=ill');
  await window.text('REJECTED');
  const page = await window.read();
  for (const words of ['EnvoyFilter prod/email-stamp', 'not connected to its control plane', 'other roots', 'release does not go', 'killed because', 'ends soon', 'held back by its CPU limit'])
    assert.ok(page.includes(words), words);
  await window.shot('proxies-ill-dark');
});

test('groups, the filter and the order stand in the address', async () => {
  await window.visit('proxies?group=namespace&sort=-memory&q=prod');
  await eventually('the head of the group', async () => /prod\s*\d+ rows/.test(await window.read()));
  assert.ok(!(await window.read('[role=grid]')).includes('istio-ingressgateway'));
  await window.shot('proxies-grouped-dark');
});

test('a refused listener leads to the object that broke it, and its text holds no key', async () => {
  await window.visit(`proxies?proxy=${email.namespace}/${email.pod}`);
  await window.press('button', 'Open the proxy');
  await window.text('virtualInbound');
  await window.text('refused');
  await window.shot('proxy-dark');
  await window.press('tab', 'Secrets');
  await window.text('ROOTCA');
  await (await window.text('default')).click();
  await window.text('certificate_chain');
  const page = await window.read('aside.panel');
  assert.ok(page.includes('[redacted]') && !page.includes('PRIVATE KEY'));
  await window.press('tab', 'Listeners');
  await window.press('link', 'email-stamp');
  await window.text('header_stamp');
});

test('a log level is changed with a click and put back on leaving', async () => {
  const level = async () => (await window.call('proxy_loggers', { session, namespace: email.namespace, pod: email.pod })).find(({ name }) => name === 'rbac');
  await window.visit(`proxy?proxy=${email.namespace}/${email.pod}&tab=levels`);
  const select = By.xpath('//button[@id = //label[normalize-space(.) = "Level of rbac"]/@for]');
  await (await eventually('the level of rbac', async () => (await window.session.findElements(select))[0])).click();
  await window.press('option', 'debug');
  await window.text('was warning');
  assert.deepEqual(await level(), { name: 'rbac', level: 'debug', before: 'warning' });
  await window.visit('proxies');
  await eventually('the level to be put back', async () => (await level()).level === 'warning');
});

test('what the mesh costs, in both colours', async () => {
  await window.visit('resources');
  await window.text('Cores in use by proxies');
  await eventually('numbers of every workload', async () => /of what the workloads use/.test(await window.read()));
  await window.shot('resources-dark');
  await window.choose('Light');
  await window.visit('resources?workload=prod/cart-v1');
  await window.text('What would fit');
  await window.shot('resources-light');
  await window.visit('proxies');
  await window.text('REJECTED');
  await window.shot('proxies-fleet-light');
  assert.deepEqual(await window.violations(), []);
});

test('the access log of a proxy is followed, held still, and switched on where it is off', async () => {
  const rows = (await window.call('proxies', { session })).rows;
  const busy = rows.find(({ workload }) => workload === 'storefront-v1');
  await window.choose('Dark');
  await window.visit(`proxy?proxy=${busy.namespace}/${busy.pod}&tab=access`);
  await window.text('/product/42');
  await window.text('catalog:8080');
  await window.shot('access-log-dark');
  await window.press('button', 'Hold still');
  await window.text('held still');
  await window.press('button', 'Go on');
  await (await window.text('/product/42')).click();
  await window.text('The whole line');
  await window.shot('access-log-line-dark');
  const quiet = rows.find(({ namespace, workload }) => namespace === 'dev' && workload === 'catalog-v2');
  await window.visit(`proxy?proxy=${quiet.namespace}/${quiet.pod}&tab=access`);
  await window.text('The access log is switched off');
  await window.shot('access-log-off-dark');
  await window.press('button', 'Prepare a Telemetry');
  await eventually('the Telemetry in the tray', async () => (await window.call('draft', { session })).items.some(({ object }) => object.kind === 'Telemetry'));
  await window.call('draft_clear', { session });
});

test('what istiod would send stands beside what the proxy has', async () => {
  await window.visit(`proxy?proxy=${email.namespace}/${email.pod}&tab=compare`);
  const row = `//*[@role="row" or self::tr][contains(., "differs") and contains(., "virtualInbound")]`;
  await eventually('the part that differs', async () => (await window.session.findElements(By.xpath(row))).length > 0, 40);
  await (await window.session.findElement(By.xpath(row))).click();
  await eventually('both its forms', async () => (await window.read('aside')).includes('header_stamp'), 40);
  await window.shot('proxy-compare-dark');
  const well = (await window.call('proxies', { session })).rows.find(({ workload }) => workload === 'cart-v1');
  await window.visit(`proxy?proxy=${well.namespace}/${well.pod}&tab=compare`);
  await window.text('The proxy has what it would be sent');
});

test('pods that webhooks keep out are named, and a ztunnel has parts of its own', async () => {
  await window.visit('proxies');
  await eventually('the webhooks', async () => {
    const page = await window.read();
    return ['A webhook refuses pods', 'A webhook cannot be asked', "does not trust a webhook's certificate"].every((words) => page.includes(words));
  });
  const node = (await window.call('proxies', { session })).rows.find(({ role }) => role === 'ztunnel');
  await window.visit(`proxy?proxy=${node.namespace}/${node.pod}`);
  await window.press('tab', 'Services');
  await window.text('images.gallery.svc.cluster.local');
  await window.press('tab', 'Workloads');
  await window.text('HBONE');
  await window.shot('ztunnel-dark');
});

// A picture of every screen, dark and light, and two in Chinese: each shows what the screen is for before it is taken.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, openWindow } from './window.mjs';

let window;
/** A proxy that takes many requests, and one that refuses its configuration: `namespace/pod`. */
let busy = '';
let ill = '';
before(async () => {
  window = await openWindow();
  await window.thing('heading', 'Clusters');
  // Room for the whole map with its rates.
  await window.session.manage().window().setRect({ width: 1600, height: 1000 });
  await window.openDemo();
  const session = await window.sessionId();
  await eventually('traffic on the map', async () => {
    const graph = await window.call('graph', { session, windowSeconds: 300, level: 'services', namespaces: [] });
    return graph.edges.filter(({ requestsPerSecond }) => requestsPerSecond > 0).length > 15;
  });
  const { rows } = await eventually('the proxies', async () => {
    const fleet = await window.call('proxies', { session });
    return fleet.rows.some(({ workload }) => workload === 'email-v1') && fleet;
  });
  [busy, ill] = ['storefront-v1', 'email-v1'].map((name) => rows.find(({ workload, namespace }) => workload === name && namespace === 'prod')).map(({ namespace, pod }) => `${namespace}/${pod}`);
});
after(() => window?.close());

const SCREENS = [
  ['clusters', 'clusters', /Kubernetes 1\.\d+/],
  ['map', 'map', null],
  ['map-panel', 'map?node=service:prod/reviews', /Edit route|编辑路由/i],
  ['routes', 'routes', /reviews/],
  ['route', 'routes?service=prod/reviews', /90/],
  ['security', 'security', /PeerAuthentication/],
  ['proxies', 'proxies', /prod/],
  ['config', 'config', /VirtualService/],
  ['object', 'config?group=networking.istio.io&kind=Gateway&namespace=prod&name=shop', /servers/i],
  ['recipes', 'recipes', /Canary|金丝雀/],
  ['rollouts', 'rollouts', /rollout|发布/i],
  ['rollout-plan', 'rollouts?plan=new&service=prod/reviews', /kind: VirtualService/],
  ['matrix', 'security?view=matrix&in=prod', /storefront/],
  ['from-traffic', 'security?view=seen&in=prod&service=inventory', /callers-of-inventory/],
  ['to-strict', 'security?view=strict', /a caller without a proxy/],
  ['resources', 'resources', /prod/],
  ['changes', 'changes', /.{40}/s],
  ['proxy-access', () => `proxy?proxy=${busy}&tab=access`, /GET/],
  ['proxy-compare', () => `proxy?proxy=${ill}&tab=compare`, /parts differ/],
  ['findings', 'findings', /.{200}/s],
  ['explain', 'explain?from=prod/storefront-v1&url=http://reviews:9080/reviews/42', /VirtualService reviews|VirtualService prod\/reviews/],
];

async function picture([name, page, shows], look) {
  await window.visit(typeof page === 'function' ? page() : page);
  if (shows) await eventually(`${name} to show ${shows}`, async () => shows.test(await window.read()));
  else await window.find('canvas');
  await window.shot(`${name}-${look}`);
}

for (const [look, choices, theme] of [
  ['dark', ['Dark', 'English'], 'dark'],
  ['light', ['Light', 'English'], 'light'],
]) {
  test(`every screen in ${look}`, async () => {
    await window.choose(...choices);
    assert.equal(await window.run('return document.documentElement.dataset.theme'), theme);
    for (const screen of SCREENS) await picture(screen, look);
  });
}

test('map and routes speak Chinese', async () => {
  await window.choose('中文');
  assert.equal(await window.run('return document.documentElement.lang'), 'zh-Hans');
  for (const screen of SCREENS.filter(([name]) => ['map', 'routes', 'route'].includes(name))) await picture(screen, 'zh');
  assert.match(await window.read('.side'), /[\u4e00-\u9fff]/);
});

test('no page of the run broke the content security policy, and a break would have been seen', async () => {
  assert.deepEqual(await window.violations(), []);
  await window.run(`
    const inline = document.body.appendChild(document.createElement('script'));
    inline.textContent = 'window.brokeIn = true';`);
  await eventually('the break to be seen', async () => (await window.violations()).length > 0);
  assert.equal(await window.run('return window.brokeIn ?? null'), null);
});

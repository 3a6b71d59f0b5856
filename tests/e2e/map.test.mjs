// The map by pointer and by keys: walking, opening, drawing a policy from caller to callee, and what comes of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, Key, openShop } from './window.mjs';

let window;
let session;
let busiest;

const graph = () => window.call('graph', { session, windowSeconds: 300, level: 'services', namespaces: ['dev', 'gallery', 'legacy', 'loyalty', 'prod', 'staging'] });
const pending = async () => (await window.call('draft', { session })).items;
const spoken = () => window.read('[role=application] [aria-live]');
const name = (id) => id.slice(id.indexOf('/') + 1);

/** Where the middle of a node lies in the window: the map fits its picture with a margin of 24 px, at most at 1.15. */
async function placeOf({ nodes, width, height }, id) {
  const box = await window.run(`const { left, top, width, height } = document.querySelector('canvas').getBoundingClientRect(); return { left, top, width, height }`);
  const k = Math.min(1.15, (box.width - 48) / width, (box.height - 48) / height);
  const node = nodes.find((one) => one.id === id);
  return {
    x: box.left + (box.width - width * k) / 2 + (node.x + node.w / 2) * k,
    y: box.top + (box.height - height * k) / 2 + (node.y + node.h / 2) * k,
  };
}

before(async () => {
  ({ window, session } = await openShop());
  await window.find('canvas');
  // The picture has come to rest as soon as the calls of the shop are in it.
  await eventually('traffic on the map', async () => (await graph()).edges.filter(({ requestsPerSecond }) => requestsPerSecond > 0).length > 15);
  const { edges } = await graph();
  const calls = edges.filter(({ from, to }) => from.startsWith('service:prod/') && to.startsWith('service:prod/'));
  busiest = calls.sort((a, b) => b.requestsPerSecond - a.requestsPerSecond)[0];
});
after(() => window?.close());

test('arrow keys walk from caller to callee, and Enter opens the panel', async () => {
  await window.visit(`map?node=${busiest.from}`);
  await window.thing('heading', name(busiest.from));
  await window.keys(Key.ESCAPE);
  await window.keys('m');
  await eventually('the map to have the focus', () => window.run(`return document.activeElement?.getAttribute('role') === 'application'`));
  await window.keys(Key.ARROW_RIGHT);
  assert.match(await eventually('where we are', spoken), /\/s/);
  await window.keys(Key.ENTER);
  const opened = await eventually('a panel', () => window.run(`return new URLSearchParams(location.hash.split('?')[1]).get('node')`));
  assert.match(opened, /^(service|workload):/);
  await window.keys(Key.ESCAPE);
  await eventually('the panel to close', async () => !(await window.run(`return document.querySelector('aside.panel') !== null`)));
});

test('Alt and drag from caller to callee starts a policy that allows just this call', async () => {
  await window.visit('map');
  await eventually('the panel to be away', () => window.run(`return document.querySelector('aside.panel') === null`));
  const drawn = await eventually('the menu of the policy', async () => {
    // What was opened before may have moved the picture, and so does a drag that begins beside a node.
    await window.press('button', 'Show all');
    const picture = await graph();
    await window.drag(await placeOf(picture, busiest.from), await placeOf(picture, busiest.to), Key.ALT);
    return window.run(`return document.querySelector('[role=menu]')?.getAttribute('aria-label')`);
  });
  assert.equal(drawn, `prod/${name(busiest.from)} → prod/${name(busiest.to)}`);
  await window.shot('policy-drawn');
  await window.press('menuitem', 'Allow this call');
  await window.text('1 pending');
  await window.text('may');
  const [{ object, yaml }] = await pending();
  assert.equal(object.kind, 'AuthorizationPolicy');
  assert.match(yaml, /action: ALLOW/);
  assert.match(yaml, new RegExp(`principals:\\s+- \\S*/ns/prod/sa/${name(busiest.from)}`));
  await window.press('button', 'Discard');
  await eventually('an empty tray', async () => (await pending()).length === 0);
  await eventually('the editor to be left', () => window.run(`return !location.hash.includes('template=')`));
});

test('by keys alone: P, the arrows, Enter, Deny; applied, the call is refused, and undone it flows again', async () => {
  await window.visit(`map?node=${busiest.from}`);
  await window.thing('heading', name(busiest.from));
  // The panel is there before the map, whose key it is.
  await window.find('canvas');
  await window.keys('p');
  await window.text('choose the callee');
  await window.keys(Key.ARROW_RIGHT);
  const callee = /Escape ends it\. ([\w-]+), prod/.exec(await eventually('the callee to be spoken', async () => !(await spoken()).includes(`. ${name(busiest.from)},`) && spoken()))?.[1];
  assert.ok(callee, await spoken());
  await window.keys(Key.ENTER);
  await window.thing('menuitem', 'Deny this call');
  await window.keys(Key.ARROW_DOWN);
  await window.keys(Key.ENTER);
  await window.text('1 pending');
  await eventually('the tray to say who is cut off', async () => /cut off|refused|denied/i.test(await window.read('footer.tray .says')));
  await window.chord(Key.CONTROL, Key.ENTER);
  await window.text('What will happen');
  await window.press('button', 'Apply to ');
  await window.thing('heading', 'Applied');
  await window.visit('map?form=table');
  await window.find('[role=grid]');
  await window.press('radio', '1 m');
  const rowOf = async () =>
    (await window.run(`return [...document.querySelectorAll('[role=grid] [role=row]')].map((row) => row.innerText.replaceAll('\\n', ' '))`)).find(
      (row) => row.includes(`prod/${name(busiest.from)} `) && row.includes(`prod/${callee} `),
    ) ?? '';
  await eventually('the table to show the call refused', async () => /denied/.test(await rowOf()), 60);
  await window.visit('changes');
  await window.press('button', 'Open change 1');
  await window.press('button', 'Undo');
  await window.press('button', 'Undo on ');
  await window.thing('heading', 'Undone');
  const rows = await window.call('objects', { session, kinds: ['AuthorizationPolicy'], namespace: 'prod' });
  assert.deepEqual(rows.map(({ object }) => object.name).sort(), ['payments-from-checkout', 'users-not-from-dev']);
});

test('the map of namespaces adds up their calls, and a namespace opens as the map of its services', async () => {
  const args = { session, windowSeconds: 300, level: 'namespaces', namespaces: [] };
  const whole = await window.call('graph', args);
  assert.ok(whole.nodes.every(({ kind }) => kind === 'namespace' || kind === 'external'));
  assert.ok(whole.edges.some(({ from, to }) => from === 'namespace:dev' && to === 'namespace:prod'));
  await window.visit('map');
  await window.press('radio', 'Namespaces');
  await eventually('the namespaces', () => window.run(`return location.hash.includes('level=namespaces')`));
  await window.find('canvas');
  await window.keys('m');
  await eventually('the map to have the focus', () => window.run(`return document.activeElement?.getAttribute('role') === 'application'`));
  const at = await eventually('a namespace under the keys', async () => {
    await window.keys(Key.ARROW_RIGHT);
    const first = (await spoken()).split(',')[0];
    return whole.nodes.some(({ kind, name }) => kind === 'namespace' && name === first) && first;
  });
  await window.shot('map-namespaces');
  await window.keys(Key.ENTER);
  await eventually(`the services of ${at}`, () => window.run(`return /level=services/.test(location.hash) && location.hash.includes('ns=' + arguments[0])`, at));
  await window.text(`Namespace: ${at}`);
});

test('no page of the run broke the content security policy', async () => {
  assert.deepEqual(await window.violations(), []);
});

test('the map is moved back in time', async () => {
  // A moment is kept each minute.
  await eventually('something of the past', async () => (await window.call('past', { session })).moments.length > 0, 100);
  await window.visit('map');
  await window.press('button', 'Move back in time', 90);
  await window.text('The traffic is of that time');
  await window.shot('map-past');
  await window.press('button', 'Back to now');
});

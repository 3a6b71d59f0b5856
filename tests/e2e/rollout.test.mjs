// A rollout on the demo: planned as a picture, started, promoted, done; and aborted by hand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { By, Key, eventually, openShop } from './window.mjs';

let window;
let session;

const rollouts = () => window.call('rollouts', { session });
const newest = async () => (await rollouts())[0];

before(async () => {
  ({ window, session } = await openShop());
});
after(() => window?.close());

/** Clicks the first switch that says this. */
const turn = async (words) => {
  await window.text(words);
  await window.session.findElement(By.xpath(`//*[@role="switch"][contains(normalize-space(..), "${words}")]`)).click();
};

/** Plans reviews from v1 to v2, with what the demo needs. */
async function planned() {
  // A plan that was begun before is left.
  await window.visit('rollouts');
  await window.thing('heading', 'Rollouts');
  await window.visit('rollouts?plan=new&service=prod/reviews');
  await window.thing('heading', 'Plan a rollout');
  await window.text('Take the weights over from argocd-controller', 40);
  await turn('Take the weights over from argocd-controller');
  await eventually('the plan to be free', async () => {
    const start = await window.run(`return [...document.querySelectorAll('header button')].find((one) => one.textContent.includes('Start'))?.getAttribute('aria-disabled')`);
    return start === null;
  }, 60);
}

test('the page says what it is for when there is none', async () => {
  await window.press('link', 'Rollouts');
  await window.text('No rollout yet');
  await window.shot('rollouts-empty-dark');
});

test('a plan is drawn, and says what stands in its way', async () => {
  await window.visit('rollouts?plan=new');
  await window.text('Choose a service, its route and two versions.');
  await planned();
  await window.inBoth('rollout-plan');
});

test('a plan is played before the real one, also with what is supposed of the new version', async () => {
  await planned();
  await window.press('button', 'Simulate');
  await window.text('It would be done after 25 min', 40);
  await window.shot('rollout-simulated-dark');
  await (await window.find('.suppose input')).sendKeys('5', Key.TAB);
  await window.text('It would go back to v1 in step 1', 40);
  await window.choose('Light');
  await window.shot('rollout-simulated-light');
  await window.choose('Dark');
});

/** The field of these words within a part of the page. */
const fieldOf = (part, words) =>
  eventually(`the field “${words}”`, () =>
    window.run(
      `return [...document.querySelectorAll(arguments[0] + ' input, ' + arguments[0] + ' textarea')].find((one) => one.offsetWidth > 1 && (one.getAttribute('aria-label') === arguments[1] || [...(one.labels ?? [])].some((label) => label.textContent.includes(arguments[1]))))`,
      part,
      words,
    ),
  );
const fill = async (part, words, text) => {
  const field = await fieldOf(part, words);
  await window.run(`arguments[0].scrollIntoView({ block: 'center' })`, field);
  await field.clear();
  await field.sendKeys(text, Key.TAB);
};

/** A Prometheus that knows orders, and nothing else. */
async function serving() {
  const server = http.createServer((asked, answer) => {
    const url = new URL(asked.url, 'http://localhost');
    const query = url.searchParams.get('query') ?? '';
    const now = Date.now() / 1000;
    const of = (resultType, result) => answer.end(JSON.stringify({ status: 'success', data: { resultType, result } }));
    answer.setHeader('content-type', 'application/json');
    if (url.pathname.endsWith('/buildinfo')) answer.end(JSON.stringify({ status: 'success', data: { version: '2.42.0' } }));
    else if (query === 'time()') of('scalar', [now, String(now)]);
    else if (query.startsWith('time() - max(timestamp(up')) of('vector', [{ metric: {}, value: [now, '4.5'] }]);
    else if (url.pathname.endsWith('/query_range')) {
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(url.searchParams.get(name)));
      const values = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, i) => [start + i * step, '6']);
      of('matrix', query.includes('orders') ? [{ metric: {}, values }] : []);
    } else of('vector', query.includes('orders') ? [{ metric: {}, value: [now, '6'] }] : []);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

test('a query is played by what is supposed of it, or by what Prometheus has, and copies are told', async () => {
  await planned();
  await fill('.steps', 'Copies of step 1', '30');
  const gates = async () => (await window.session.findElements(By.css('[role=group][aria-label^="gate "]'))).length;
  const number = (await gates()) + 1;
  await window.press('button', 'Add a gate');
  await eventually('the new gate', async () => (await gates()) === number);
  const gate = `[role=group][aria-label="gate ${number}"]`;
  await (await window.find(`${gate} button.select`)).click();
  await window.press('option', 'PromQL');
  await fill(gate, 'Called', 'orders');
  await fill(gate, 'At least', '5');
  await fill(gate, 'At most', '');
  await fill(gate, 'Query', 'sum(orders{version="{{version}}"})');
  await window.press('button', 'Simulate');
  await window.text('orders: left out until you suppose what it gives', 40);
  await window.text('gates judge them like any request');
  await window.text('/s copied');
  await fill('.suppose', 'orders', '4');
  await window.text('It would go back to v1 in step 1', 40);
  await window.text('orders 4, below 5');
  await window.shot('rollout-simulated-query-dark');
  await fill('.suppose', 'orders', '7');
  await window.text('It would be done after', 40);

  const server = await serving();
  const url = `http://127.0.0.1:${server.address().port}`;
  await window.call('prometheus_choose', { session, token: null, choice: { which: 'address', url, authority: '', hasToken: false, namespace: '', name: '', port: 0, only: '', tenant: '' } });
  await eventually('it to be in use', async () => (await window.call('prometheus', { session })).state === 'usable', 40);
  await fill('.suppose', 'orders', '');
  await window.text('orders: as Prometheus has it of that time', 40);
  await window.choose('Light');
  await window.shot('rollout-simulated-query-light');
  await window.choose('Dark');
  server.close();
});

test('it moves the weight, waits for a person where the plan says so, and is aborted by hand', async () => {
  await planned();
  await turn('By hand');
  await window.press('button', 'Step 1: send a header');
  for (const text of ['x-user-group', 'testers']) await (await window.find(`.cohort input[placeholder="${text}"]`)).sendKeys(text, Key.TAB);
  await eventually('the plan with the cohort to be free', async () => /cohort:\s*header: x-user-group/.test(await window.read('aside[aria-label]')), 30);
  await window.shot('rollout-cohort-dark');
  await window.press('button', 'Start');
  await window.text('Next step now', 60);
  const begun = await eventually('the first step', async () => {
    const one = await newest();
    return one?.weight === one?.plan.steps[0].weight && one;
  }, 60);
  assert.equal(begun.plan.service, 'reviews');
  assert.equal(begun.isOurs, true);
  const { yaml } = await window.call('document', { session, object: { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' } });
  assert.match(yaml, new RegExp(`weight: ${begun.weight}`));
  assert.match(yaml, /netloft.dev\/rollout/);
  assert.match(yaml, /x-user-group:\s*\n?\s*exact: testers/);
  await window.shot('rollout-dark');
  await window.press('button', 'Abort');
  await window.text('All requests go back to v1 at once.');
  await window.shot('rollout-abort-dark');
  await (await window.find('[role=dialog] button.danger')).click();
  const over = await eventually('the way back', async () => {
    const one = await newest();
    return one.isOver && one;
  }, 60);
  assert.equal(over.phase, 'returned');
  assert.equal(over.weight, 0);
  await window.text('went back');
  await window.press('button', 'All rollouts');
  await window.text('went back');
  await window.shot('rollouts-dark');
  assert.deepEqual(await window.violations(), []);
});

test('a finished rollout is taken back in one act', async () => {
  const object = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };
  const weights = async () => [...(await window.call('document', { session, object })).yaml.matchAll(/weight: (\d+)/g)].map(([, weight]) => Number(weight));
  const stood = await weights();
  const { plan } = await newest();
  const step = (weight) => ({ weight, mirror: 0, cohort: null, pauseSeconds: null });
  await window.call('rollout_begin', { session, plan: { ...plan, gates: [], steps: [step(40), step(100)] }, takeOver: [] });
  for (const weight of [40, 100]) {
    const { id } = await eventually(`${weight} %`, async () => {
      const one = await newest();
      return one.weight === weight && one.phase === 'waiting' && one;
    }, 60);
    await window.call('rollout_command', { session, rollout: id, command: 'promote' });
  }
  const done = await eventually('its end', async () => {
    const one = await newest();
    return one.isOver && one.entries.length >= 3 && one;
  }, 60);
  assert.notDeepEqual(await weights(), stood);
  await window.visit(`rollouts?rollout=${done.id}`);
  await window.press('button', 'Undo the rollout');
  await window.text(`Undo rollout ${done.id}`);
  await window.text('moves from v2 to v1', 40);
  await window.shot('rollout-undo-dark');
  await window.choose('Light', '中文');
  await window.text('从 v2 移到 v1');
  await window.shot('rollout-undo-zh-light');
  await window.choose('English');
  await window.choose('Dark');
  await window.press('button', 'Undo on');
  await eventually('what was before its first step', async () => JSON.stringify(await weights()) === JSON.stringify(stood), 40);
  const rows = await window.call('history', { session, search: '', kind: '', user: '', since: null, until: null, allClusters: false });
  assert.equal(rows[0].message, `undo of rollout ${plan.name}`);
  assert.deepEqual([...new Set(rows.filter(({ entry }) => done.entries.includes(entry)).map(({ state }) => state))], ['undone']);
  assert.deepEqual(await window.violations(), []);
});

// Rollouts of other controllers on the demo: listed, steered with what is written shown before, journaled, and undone where that has a meaning.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { By, eventually, openShop } from './window.mjs';

let window;
let session;

const found = async (name) => (await window.call('foreign_rollouts', { session })).rollouts.find(({ object }) => object.name === name);

before(async () => {
  ({ window, session } = await openShop());
});
after(() => window?.close());

/** Presses an order of a rollout, and gives it in the dialog that shows what it writes. */
async function order(name, word, writes) {
  const button = (within) => window.session.findElement(By.xpath(`//*[${within}]//button[normalize-space(.)="${word}"]`));
  await (await button(`@role="group" and @aria-label="Orders to ${name}"`)).click();
  await window.text(`${word}: ${name}`);
  await eventually(`the dialog to show ${writes}`, async () => (await window.read('[role=dialog]')).includes(writes), 30);
  await window.shot(`foreign-${word.toLowerCase().replaceAll(' ', '-')}-dark`);
  await (await button('@role="dialog"')).click();
  await eventually('the dialog to close', async () => (await window.session.findElements(By.css('[role=dialog]'))).length === 0, 30);
}

test('both are listed with where they stand', async () => {
  await window.press('link', 'Rollouts');
  await window.text('Rollouts of other controllers');
  await window.text('CanaryPauseStep');
  const argo = await found('reviews');
  assert.deepEqual([argo.controller, argo.health, argo.step, argo.weight], ['Argo Rollouts', 'paused', 3, 50]);
  const flagger = await found('recommendations');
  assert.deepEqual([flagger.controller, flagger.health, flagger.phase], ['Flagger', 'going', 'Progressing']);
  await window.shot('foreign-dark');
  await window.choose('Light', '中文');
  await window.text('其他控制器的发布');
  await window.text('已暂停（Paused）');
  await window.shot('foreign-zh-light');
  // The colours have other words in Chinese.
  await window.choose('English');
  await window.choose('Dark');
  assert.deepEqual(await window.violations(), []);
});

test('an order is shown, given, obeyed and journaled', async () => {
  await order('reviews', 'Next step', 'pauseConditions');
  await eventually('the next step', async () => (await found('reviews')).weight === 80, 30);
  const route = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'dev', name: 'reviews' };
  assert.match((await window.call('document', { session, object: route })).yaml, /weight: 80/);
  await order('reviews', 'Abort', 'abort: true');
  await eventually('the way back', async () => (await found('reviews')).health === 'failed', 30);
  await window.text('RolloutAborted');
  const rows = await window.call('history', { session, search: '', kind: '', user: '', since: null, until: null, allClusters: false });
  assert.deepEqual(rows.slice(0, 2).map(({ message }) => message), ['Argo Rollouts: abort dev/reviews', 'Argo Rollouts: promote dev/reviews']);
});

test('a suspension is undone in the journal', async () => {
  await order('recommendations', 'Pause', 'suspend: true');
  await eventually('the suspension', async () => (await found('recommendations')).health === 'paused', 30);
  await window.press('link', 'Changes');
  await window.text('Flagger: pause prod/recommendations');
  await window.shot('foreign-journal-dark');
  const [{ entry }] = await window.call('history', { session, search: '', kind: '', user: '', since: null, until: null, allClusters: false });
  const { token } = await window.call('undo_review', { session, entry, choices: [], leftOut: [] });
  await window.call('undo', { session, entry, token });
  await eventually('it to go on', async () => (await found('recommendations')).health === 'going', 30);
});

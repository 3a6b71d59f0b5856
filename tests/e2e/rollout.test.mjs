// A rollout on the demo: planned as a picture, started, promoted, done; and aborted by hand.
import assert from 'node:assert/strict';
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
  await window.shot('rollout-plan-dark');
  await window.choose('Light');
  await window.shot('rollout-plan-light');
  await window.choose('Dark');
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

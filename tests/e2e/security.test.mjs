// Policies from traffic, the way to STRICT, exports to Git, folders, and the journal.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { By, Key, eventually, openShop } from './window.mjs';

let window;
let session;
const folder = mkdtempSync(path.join(tmpdir(), 'netloft-git-'));
const git = (...args) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });
/** Types into the field of this label. */
const fill = async (label, text) => {
  const field = await eventually(`the field “${label}”`, () => window.run(`return [...document.querySelectorAll('label')].find((one) => one.textContent.includes(arguments[0]))?.control`, label));
  await field.clear();
  await field.sendKeys(text, Key.TAB);
};
/** Presses a button of the dialog: the page under it may have one of the same words. */
const inDialog = async (words) => {
  const button = By.xpath(`//*[@role="dialog"]//button[normalize-space(.)="${words}"]`);
  await (await eventually(`the button “${words}”`, async () => (await window.session.findElements(button))[0])).click();
};
/** Turns the switch that says this. */
const turn = async (words) => (await window.session.findElement(By.xpath(`//*[@role="switch"][contains(normalize-space(..), "${words}")]`))).click();
const pending = async () => (await window.call('draft', { session })).items;
const clear = async () => {
  await window.call('draft_clear', { session });
  await eventually('an empty tray', async () => (await pending()).length === 0);
};

before(async () => {
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Tester');
  git('config', 'user.email', 'tester@example.com');
  git('config', 'commit.gpgsign', 'false');
  git('commit', '--quiet', '--allow-empty', '--message=first');
  ({ window, session } = await openShop());
});
after(async () => {
  await window?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('policies come from the traffic, in dry-run, and are enforced together', async () => {
  await eventually('traffic', async () => (await window.call('policies_seen', { session, namespace: 'prod', service: 'inventory', windowSeconds: 0, requests: false })).letIn.length >= 2);
  await window.visit('security?view=seen&in=prod&service=inventory');
  await window.find('section[aria-label="Let in"]');
  await window.text('callers without a proxy → inventory');
  await turn('Methods and paths from the access logs');
  await window.text('POST /reserve');
  await window.shot('policies-from-traffic-dark');
  await turn('Methods and paths from the access logs');
  await eventually('the narrow policies to be gone', async () => !(await window.read()).includes('POST /reserve'));
  await window.press('button', 'Put into the tray');
  const items = await eventually('the policy in the tray', async () => (await pending()).length === 1 && pending());
  assert.match(items[0].yaml, /istio\.io\/dry-run: ['"]true['"]/);
  const review = await window.call('review', { session });
  await window.call('apply', { session, token: review.token, message: 'first in dry-run', takeOver: [] });
  await window.visit('security?view=seen&in=prod&service=inventory');
  await window.text('1 policy of prod is in dry-run');
  await window.text('What the proxies counted themselves');
  // Who has no proxy cannot be let in, and is counted as refused.
  await eventually('what they counted', async () => /prod\/inventory-v1\s+ALLOW would have refused [1-9][\d,]* of [\d,]+ requests/.test(await window.read()), 60);
  await window.shot('dry-run-dark');
  await window.press('button', 'Enforce');
  await eventually('the policy enforced in the tray', async () => (await pending())[0]?.yaml.includes('dry-run') === false);
  await window.text('The tray enforces them: review it.');
  await clear();
});

test('the way to STRICT says who stands in it and prepares the next safe step', async () => {
  await window.visit('security?view=strict');
  await eventually('who calls in plaintext', async () => (await window.call('strict', { session })).rows.some(({ namespace, callers }) => namespace === 'prod' && callers.length > 0), 90);
  await window.text('Next, and still watched', 90);
  await window.text('a caller without a proxy');
  await window.shot('to-strict-dark');
  await window.choose('Light', '中文');
  await window.shot('to-strict-light-zh');
  await window.choose('English', 'Dark');
  await window.press('button', 'Prepare STRICT');
  const items = await eventually('the step in the tray', async () => (await pending()).length === 1 && pending());
  assert.match(items[0].yaml, /mode: STRICT/);
  await clear();
});

test('the tray becomes a commit in a checkout', async () => {
  const { yaml, resourceVersion } = await window.call('document', { session, object: { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' } });
  await window.call('draft_put', { session, yaml: yaml.replace('weight: 90', 'weight: 80').replace('weight: 10', 'weight: 20'), base: resourceVersion });
  await window.visit('review');
  await window.press('button', 'Export');
  await inDialog('Commit to Git …');
  await fill('Folder of a local checkout', folder);
  await inDialog('Show what it would commit');
  await window.text('prod/virtualservice-reviews.yaml');
  await window.shot('git-dark');
  await inDialog('Commit');
  await eventually('the commit', () => git('log', '--format=%s').startsWith('change VirtualService prod/reviews'));
  assert.equal(git('status', '--porcelain'), '');
  await clear();
});

test('a folder is read with what it held besides', async () => {
  mkdirSync(path.join(folder, 'more'));
  writeFileSync(path.join(folder, 'more', 'all.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: dev}\n---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: x, namespace: dev}\nspec: {mtls: {mode: STRICT}}\n');
  writeFileSync(path.join(folder, 'more', 'broken.yaml'), 'a: [\n');
  await window.visit('config');
  await window.press('button', 'Import');
  await fill('Or a file, or a folder with the folders in it: what comes from there is saved back there', path.join(folder, 'more'));
  await window.press('button', 'Read it');
  await window.text('2 files read');
  await window.text('ConfigMap (1)');
  await window.text('1 place could not be read');
  await window.shot('import-folder-dark');
  await window.press('button', 'Cancel');
});

test('a service of which one version is guarded is allowed in part, and says at whom it ends', async () => {
  await clear();
  const guard = 'apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: not-v1, namespace: prod}\nspec:\n  selector: {matchLabels: {app: reviews, version: v1}}\n  action: DENY\n  rules: [{}]\n';
  await window.call('draft_put', { session, yaml: guard, base: '' });
  await window.visit('security?view=matrix&in=prod');
  await window.press('button', 'prod/storefront-v1 → prod/reviews: allowed in part');
  await window.text('at reviews-v1: Denied (403)');
  await window.inBoth('matrix-part');
  await window.press('button', 'Explain this call');
  await window.text('10 % forwarded to prod/reviews');
  await window.inBoth('explain-part');
  await clear();
});

test('the tray goes back into the file that it came from, and nothing else of the file changes', async () => {
  await clear();
  const file = path.join(folder, 'kept.yaml');
  const text = '# ours\n---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: kept, namespace: dev} # flow\nspec: {mtls: {mode: STRICT}}\n---\n# nobody reads this\na: [1,\n  2]\n';
  writeFileSync(file, text);
  await window.visit('config');
  await window.press('button', 'Import');
  await fill('Or a file, or a folder with the folders in it: what comes from there is saved back there', file);
  await window.press('button', 'Read it');
  await inDialog('Put into the tray');
  const [item] = await eventually('the object in the tray', async () => (await pending()).length === 1 && pending());
  await window.call('draft_put', { session, yaml: item.yaml.replace('STRICT', 'PERMISSIVE'), base: '' });
  await window.visit('review');
  await window.press('button', 'Export');
  await inDialog('Save to files …');
  await inDialog('Show what it would write');
  await window.text('kept.yaml');
  await window.shot('save-files-dark');
  await inDialog('Save');
  await eventually('the file as it shall be', () => readFileSync(file, 'utf8') === text.replace('STRICT', 'PERMISSIVE'));
  await clear();
});

test('the journal says why a change was made, and is filtered by who, kind, time and text', async () => {
  await clear();
  const other = 'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: other, namespace: dev}\nspec: {mtls: {mode: STRICT}}\n';
  await window.call('draft_put', { session, yaml: other, base: '' });
  const review = await window.call('review', { session });
  await window.call('apply', { session, token: review.token, message: 'second of all', takeOver: [] });
  await window.visit('changes');
  await window.text('first in dry-run');
  await window.shot('changes-dark');
  const shows = (first, second) =>
    eventually(`the first ${first ? '' : 'not '}and the second ${second ? '' : 'not '}shown`, async () => {
      const page = await window.read();
      return page.includes('first in dry-run') === first && page.includes('second of all') === second;
    });
  const pick = async (label, option) => {
    const select = By.xpath(`//button[@aria-label="${label}" or @id = //label[normalize-space(.) = "${label}"]/@for]`);
    await (await eventually(`the choice of ${label}`, async () => (await window.session.findElements(select))[0])).click();
    await window.press('option', option);
  };
  await shows(true, true);
  await pick('Kind', 'PeerAuthentication');
  await shows(false, true);
  await fill('Find by object, person or reason', 'dry-run');
  await window.text('No change matches');
  await window.press('button', 'Clear the filters');
  await shows(true, true);
  const user = (await window.call('history', { session, search: '', kind: '', user: '', since: null, until: null, allClusters: false }))[0].user;
  await pick('Who', user);
  await pick('When', 'The last day');
  await shows(true, true);
  await fill('Find by object, person or reason', 'second');
  await shows(false, true);
  await turn('All clusters');
  await window.text('Who, where');
  await window.inBoth('changes-filtered');
  await pick('Who', 'Everybody');
  await fill('Find by object, person or reason', 'nobody wrote this');
  await window.text('No change matches');
});

test('no page of the run broke the content security policy', async () => {
  assert.deepEqual(await window.violations(), []);
});

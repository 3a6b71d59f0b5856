// From a write at the API server to what the page shows (P5): the weight of a route is written again and again, and each is
// timed from just before it is sent until two frames after the map's panel says it. Both clocks are the machine's.
import { eventually } from '../../e2e/window.mjs';
import { said } from './figure.mjs';
import { withServed } from './served.mjs';

const ROUTE = '/apis/networking.istio.io/v1/namespaces/prod/virtualservices/reviews';
/** Written weights are told apart by their share, so at most so many may be under way. */
const SHARES = 90;
/** [events a second, how many] */
const RATES = [[1, 20], [20, 400], [100, 2000]];

/** Notes when each share is first on the screen. */
const WATCH = `
  const panel = document.querySelector('aside');
  window.benchSeen = [];
  let last = '';
  const look = () => {
    const share = /v1 (\\d+)\\s?%/.exec(panel.innerText)?.[1] ?? '';
    if (share === last) return;
    last = share;
    requestAnimationFrame(() => requestAnimationFrame(() => window.benchSeen.push([Number(share), Date.now()])));
  };
  window.benchLook?.disconnect();
  window.benchLook = new MutationObserver(look);
  window.benchLook.observe(panel, { subtree: true, childList: true, characterData: true });`;

function writer({ url, kubeconfig }) {
  const token = /token: "?([^"\s]+)/.exec(kubeconfig)?.[1];
  return async (share) => {
    const spec = { http: [{ route: [['v1', share], ['v2', 100 - share]].map(([subset, weight]) => ({ destination: { host: 'reviews', subset }, weight })) }] };
    const answer = await fetch(url + ROUTE, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ spec }),
    });
    if (!answer.ok) throw new Error(`the write was answered with ${answer.status}: ${await answer.text()}`);
  };
}

/** Pairs what was seen with what was sent: a later state stands for all before it. */
function delays(sent, seen) {
  const found = [];
  let next = 0;
  let merged = 0;
  for (const [share, at] of seen) {
    const index = sent.findIndex((one, i) => i >= next && one.share === share && one.at <= at);
    if (index < 0) continue;
    merged += index - next;
    for (; next <= index; next += 1) found.push(at - sent[next].at);
  }
  return { found, merged, lost: sent.length - next };
}

export async function event() {
  for (const services of [100, 1000]) {
    await withServed(services, async (served) => {
      const { window, open } = served;
      const write = writer(served);
      await open('&node=service%3Aprod%2Freviews');
      await window.find('canvas', 120);
      await write(5);
      await eventually('the panel to say the weight', async () => (await window.read('aside')).includes('v1 5'));
      for (const [rate, count] of RATES) {
        await window.run(WATCH);
        const sent = [];
        const start = performance.now();
        for (let i = 0; i < count; i += 1) {
          const wait = start + (i * 1000) / rate - performance.now();
          if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
          const share = 6 + (i % SHARES);
          sent.push({ share, at: Date.now() });
          await write(share);
        }
        const reached = (count * 1000) / (performance.now() - start);
        await eventually('the last weight', async () => (await window.run('return window.benchSeen.at(-1)?.[0]')) === sent.at(-1).share);
        const { found, merged, lost } = delays(sent, await window.run('return window.benchSeen'));
        console.log(`event to pixel, ${services} services, ${reached.toFixed(0)} of ${rate} events a second, ms: ${said(found)}; ${merged} shown by a later one, ${lost} lost (goal: p50 25, p99 50)`);
        await write(5);
        await eventually('the panel to come back', async () => (await window.read('aside')).includes('v1 5'));
      }
    });
  }
}

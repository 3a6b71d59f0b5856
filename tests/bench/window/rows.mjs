// The fleet's table with ten thousand proxies: from a click on a column's head to the sorted rows, and frames while it is scrolled.
import { eventually } from '../../e2e/window.mjs';
import { said } from './figure.mjs';
import { withServed } from './served.mjs';

const ROWS = 10_000;
const SORTS = 12;
const SECONDS = 5;

/** Clicks a column's head and gives the milliseconds until two frames after. */
const SORT = `
  const done = arguments[arguments.length - 1];
  const heads = [...document.querySelectorAll('[role=columnheader]')].map((head) => head.querySelector('button') ?? head);
  const start = performance.now();
  heads[arguments[0] % heads.length].click();
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));`;

/** Scrolls from the first row to the last and back, a step a frame, and gives the time between frames. */
const SCROLL = `
  const done = arguments[arguments.length - 1];
  const table = document.querySelector('[role=grid]');
  const start = performance.now();
  const gaps = [];
  let before = start;
  const step = (now) => {
    if (now > before) gaps.push(now - before);
    before = now;
    const share = (now - start) / 1000 / arguments[0];
    table.scrollTop = (1 - Math.abs(1 - 2 * share)) * (table.scrollHeight - table.clientHeight);
    if (share < 1) return requestAnimationFrame(step);
    done(gaps.slice(1));
  };
  requestAnimationFrame(step);`;

export async function rows() {
  await withServed(ROWS, async ({ window, open }) => {
    await window.session.manage().setTimeouts({ script: 120_000 });
    await open();
    await window.find('canvas', 120);
    const asked = Date.now();
    await window.run(`location.hash = location.hash.replace('#/map', '#/proxies')`);
    const shown = () => window.run(`return Number(document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') ?? 0)`);
    await eventually(`${ROWS} rows`, async () => (await shown()) > ROWS, 120);
    console.log(`fleet of ${await shown()} rows, from the click to all of them: ${Date.now() - asked} ms`);
    const times = [];
    for (let n = 0; n < SORTS; n += 1) times.push(await window.session.executeAsyncScript(SORT, n));
    console.log(`sorted by each column, to the second frame after the click: ms ${said(times)}`);
    const gaps = await window.session.executeAsyncScript(SCROLL, SECONDS);
    const perSecond = (gaps.length * 1000) / gaps.reduce((sum, gap) => sum + gap, 0);
    console.log(`scrolled from end to end: ${perSecond.toFixed(0)} frames a second; ms a frame: ${said(gaps, 1)}`);
    await window.shot('proxies-10000');
  });
}

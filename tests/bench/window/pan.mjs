// Drawing and moving the map (P12): frames a second while it is dragged, whole and near.
import { eventually } from '../../e2e/window.mjs';
import { said } from './figure.mjs';
import { withServed } from './served.mjs';

const SECONDS = 5;

/** Drags the map to and fro for so long, one step a frame, and gives the time between frames in milliseconds. */
const DRAG = `
  const done = arguments[arguments.length - 1];
  const canvas = document.querySelector('canvas');
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const fire = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, { bubbles: true, button: 0, pointerId: 1, clientX: x, clientY: y }));
  canvas.setPointerCapture = () => {};
  const start = performance.now();
  const gaps = [];
  let before = start;
  fire('pointerdown', left + width / 2, top + height / 2);
  const step = (now) => {
    if (now > before) gaps.push(now - before);
    before = now;
    const t = (now - start) / 1000;
    fire('pointermove', left + width / 2 + Math.sin(t * 2) * 300, top + height / 2 + Math.sin(t * 3) * 200);
    if (t < arguments[0]) return requestAnimationFrame(step);
    fire('pointerup', left + width / 2, top + height / 2);
    done(gaps.slice(1));
  };
  requestAnimationFrame(step);`;

const perSecond = (gaps) => (gaps.length * 1000) / gaps.reduce((sum, gap) => sum + gap, 0);

export async function pan() {
  for (const services of [1000, 10_000]) {
    await withServed(services, async ({ window, open }) => {
      await window.session.manage().setTimeouts({ script: 60_000 });
      const asked = Date.now();
      await open();
      await window.find('canvas', 120);
      console.log(`map of ${services} services, from the click to the picture: ${Date.now() - asked} ms`);
      const nodes = await eventually('nodes', () => window.run(`return document.querySelectorAll('nav ul li').length`));
      if (nodes === 0) throw new Error('the map is empty');
      for (const [words, steps] of [['whole', 0], ['near', 14]]) {
        await window.press('button', 'Show all');
        for (let step = 0; step < steps; step += 1) await window.press('button', 'Zoom in');
        const gaps = await window.session.executeAsyncScript(DRAG, SECONDS);
        console.log(`map of ${services} services dragged, ${words}: ${perSecond(gaps).toFixed(0)} frames a second; ms a frame: ${said(gaps, 1)} (goal: 30 a second without a GPU)`);
      }
    });
  }
}

// From a cold program to something on the screen.
import { readFileSync, readdirSync } from 'node:fs';
import { eventually, openWindow } from '../../e2e/window.mjs';
import { said } from './figure.mjs';

const RUNS = 5;

/** Processes below one, itself included. */
function tree(root) {
  const children = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    } catch {
      // it ended while we looked
    }
  }
  const below = (pid) => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(String(root));
}

/** Proportional set size in MiB. */
function pss(pid) {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

const named = (pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

/** Start to the first useful screen and to a living map (P1), and the memory of all its processes (P3). */
export async function start() {
  const first = [];
  const alive = [];
  const memory = [];
  for (let run = 0; run < RUNS; run += 1) {
    const window = await openWindow();
    await window.text('Demo shop');
    // Time since the program's own start, by the page's clock: the driver's start is not ours.
    const ticks = (pid) => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[19]) * 10;
    const program = tree(process.pid).find((pid) => named(pid).startsWith('netloft-desktop'));
    const since = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000 - ticks(program);
    first.push(since());
    await window.run('location.hash = "#/map?cluster=demo"');
    await eventually('a living map', async () => (await window.run('return document.body.innerText')).includes('live'));
    alive.push(since());
    const parts = tree(program).map((pid) => [named(pid), pss(pid)]);
    memory.push(parts.reduce((sum, [, mib]) => sum + mib, 0));
    if (run === 0) for (const [name, mib] of parts) console.log(`  ${name}: ${mib.toFixed(0)} MiB PSS`);
    await window.close();
  }
  console.log(`start to clusters, ms: ${said(first)}`);
  console.log(`start to a live map (with the test's own steps), ms: ${said(alive)}`);
  console.log(`whole tree, MiB PSS: ${said(memory)}`);
}

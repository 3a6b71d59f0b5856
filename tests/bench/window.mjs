// The window's figures: `node tests/bench/window.mjs [start|event|pan|rows]…`, all of them without a name.
//
// It drives the program that `cargo xtask build` made, or the one that NETLOFT_DESKTOP names (a release build for figures that
// are told to others), and `netloft` beside it. Not a test: figures belong to the machine that they were taken on. Say which
// graphics rule was in force next to them.
import { event } from './window/event.mjs';
import { pan } from './window/pan.mjs';
import { rows } from './window/rows.mjs';
import { start } from './window/start.mjs';

const benches = { start, event, pan, rows };
const wanted = process.argv.slice(2);
for (const name of wanted) if (!benches[name]) throw new Error(`no bench ${name}; there are ${Object.keys(benches).join(', ')}`);
for (const [name, bench] of Object.entries(benches)) if (wanted.length === 0 || wanted.includes(name)) await bench();

// Closes windows as their frame does: the X server has no window manager here, and WebDriver ends the program with the window, which is
// not what a person does. A few requests of the X protocol, as the X server's own documentation has them (X.org, x11protocol).
import { once } from 'node:events';
import net from 'node:net';

const [ATTRIBUTES, TREE, ATOM, PROPERTY, SEND] = [3, 15, 16, 20, 25];
const VIEWABLE = 2;

/** A request: its code, a byte, and what follows in whole words. */
function request(code, byte, ...rest) {
  const body = Buffer.concat(rest);
  const head = Buffer.from([code, byte, 0, 0]);
  head.writeUInt16LE(1 + body.length / 4, 2);
  return Buffer.concat([head, body]);
}
const words = (...values) => {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, n) => out.writeUInt32LE(value, n * 4));
  return out;
};

/** Asks every window on a display that is shown to close. */
export async function closeWindows(display) {
  const socket = net.connect(`/tmp/.X11-unix/X${display.replace(':', '')}`);
  await once(socket, 'connect');
  let heard = Buffer.alloc(0);
  const read = async (length) => {
    while (heard.length < length) heard = Buffer.concat([heard, (await once(socket, 'data'))[0]]);
    const out = heard.subarray(0, length);
    heard = heard.subarray(length);
    return out;
  };
  const ask = async (...of) => {
    socket.write(request(...of));
    for (;;) {
      const head = await read(32);
      if (head[0] === 0) throw new Error(`the X server refuses request ${of[0]}: ${head[1]}`);
      if (head[0] === 1) return Buffer.concat([head, await read(head.readUInt32LE(4) * 4)]);
    }
  };
  try {
    socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    const head = await read(8);
    const setup = await read(head.readUInt16LE(6) * 4);
    const root = setup.readUInt32LE(32 + Math.ceil(setup.readUInt16LE(16) / 4) * 4 + setup[21] * 8);
    const atom = async (name) => {
      const padded = Buffer.alloc(Math.ceil(name.length / 4) * 4);
      padded.write(name);
      return (await ask(ATOM, 0, words(name.length), padded)).readUInt32LE(8);
    };
    const [protocols, close] = [await atom('WM_PROTOCOLS'), await atom('WM_DELETE_WINDOW')];
    const tree = await ask(TREE, 0, words(root));
    let closed = 0;
    for (let n = 0; n < tree.readUInt16LE(16); n++) {
      const window = tree.readUInt32LE(32 + n * 4);
      const shown = (await ask(ATTRIBUTES, 0, words(window)))[26] === VIEWABLE;
      const property = await ask(PROPERTY, 0, words(window, protocols, 0, 0, 32));
      const understands = Array.from({ length: property.readUInt32LE(16) }, (_, at) => property.readUInt32LE(32 + at * 4));
      if (!shown || !understands.includes(close)) continue;
      socket.write(request(SEND, 0, words(window, 0), Buffer.from([33, 32, 0, 0]), words(window, protocols, close, 0, 0, 0, 0)));
      closed += 1;
    }
    // Answered once everything before it was done.
    await ask(TREE, 0, words(root));
    return closed;
  } finally {
    socket.destroy();
  }
}

// Starts the real window under a virtual display and drives it with WebDriver.
//
// Each window has a home, a session bus, a display and a driver of its own, so that no test sees the machine's user.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const need = createRequire(path.join(root, 'ui/package.json'));
const { By, Capabilities, Key, WebDriver } = need('selenium-webdriver');
const { Executor, HttpClient } = need('selenium-webdriver/http');

export { By, Key };

const target = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target');
export const binary = process.env.NETLOFT_DESKTOP ?? path.join(target, 'debug/netloft-desktop');
const shots = process.env.NETLOFT_SHOTS ?? path.join(root, 'tests/e2e/shots');

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Waits until `check` gives something, up to `seconds`; says what it waited for. */
export async function eventually(what, check, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  let last;
  while (Date.now() < end) {
    try {
      const answer = await check();
      if (answer) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited ${seconds} s for ${what}${last ? `; last: ${last.message}` : ''}`);
}

function display() {
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let text = '';
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
    server.stdio[3].on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve({ server, name: `:${text.trim()}` });
    });
  });
}

/**
 * Opens the window.
 * @param {{kubeconfig?: string, env?: Record<string, string>, home?: string}} options a kubeconfig's text, more
 * environment, and a home to use again (to see what survives a restart)
 */
export async function openWindow(options = {}) {
  const home = options.home ?? mkdtempSync(path.join(tmpdir(), 'netloft-e2e-'));
  const kubeconfig = path.join(home, 'kubeconfig');
  if (options.kubeconfig) writeFileSync(kubeconfig, options.kubeconfig, { mode: 0o600 });
  const { server, name } = await display();
  const port = await freePort();
  const env = {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, 'config'),
    XDG_DATA_HOME: path.join(home, 'data'),
    XDG_CACHE_HOME: path.join(home, 'cache'),
    XDG_RUNTIME_DIR: home,
    KUBECONFIG: kubeconfig,
    DISPLAY: name,
    TAURI_WEBVIEW_AUTOMATION: 'true',
    GSETTINGS_BACKEND: 'memory',
    NO_AT_BRIDGE: '1',
    RUST_LOG: process.env.RUST_LOG ?? 'warn',
    RUST_BACKTRACE: '1',
    ...options.env,
  };
  // A group of its own: the driver, the bus, the window and its web process end together.
  const driver = spawn('dbus-run-session', ['--', 'WebKitWebDriver', `--port=${port}`, '--host=127.0.0.1'], {
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually('the WebDriver', async () => (await fetch(`${url}/status`)).ok);
  const capabilities = new Capabilities({ 'webkitgtk:browserOptions': { binary, args: [] } });
  const session = await WebDriver.createSession(new Executor(new HttpClient(url)), capabilities);
  await session.manage().window().setRect({ width: 1440, height: 900 });
  await session.executeScript(`
    window.seenViolations = [];
    const keep = ({ blockedURL, blockedURI, effectiveDirective, sourceFile, sample }) =>
      window.seenViolations.push(effectiveDirective + ' ' + (blockedURL ?? blockedURI) + ' ' + sourceFile + ' ' + sample);
    // What happened before this line as well, where the engine keeps it.
    if (window.ReportingObserver)
      new ReportingObserver((all) => all.forEach(({ body }) => keep(body)), { types: ['csp-violation'], buffered: true }).observe();
    addEventListener('securitypolicyviolation', keep);`);
  const close = async ({ keepHome = false } = {}) => {
    await session.quit().catch(() => {});
    try {
      process.kill(-driver.pid, 'SIGKILL');
    } catch {
      // it has ended already
    }
    server.removeAllListeners('exit');
    server.kill();
    if (!keepHome) rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  return { session, home, display: name, close, ...actions(session) };
}

/** What a test does with a window: by role and name, as a person finds things. */
function actions(session) {
  /** A picture of the page, under tests/e2e/shots. */
  const shot = async (file) => {
    // What has just arrived changes colours in the next frame only.
    await session.executeAsyncScript('const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));');
    await eventually('colours and panels to come to rest', () =>
      session.executeScript(`return document.getAnimations().every(({ playState, effect }) =>
        playState !== 'running' || effect?.getComputedTiming().iterations === Infinity)`),
    );
    // The driver waits for the next frame, and a page at rest paints none: give it something that nobody sees.
    await session.executeScript(`
      const dot = document.body.appendChild(document.createElement('i'));
      dot.style.cssText = 'position:fixed;right:0;bottom:0;width:1px;height:1px';
      let n = 0;
      const beat = setInterval(() => {
        dot.style.background = n % 2 ? '#000' : '#001';
        if (n++ > 60) { clearInterval(beat); dot.remove(); }
      }, 16);`);
    mkdirSync(shots, { recursive: true });
    writeFileSync(path.join(shots, `${file}.png`), Buffer.from(await session.takeScreenshot(), 'base64'));
  };
  const quoted = (text) => `concat(${text.split('"').map((part) => `"${part}"`).join(`, '"', `)}, "")`;
  const visible = async (locator, what, seconds) =>
    eventually(
      what,
      async () => {
        for (const found of await session.findElements(locator)) if (await found.isDisplayed()) return found;
        return null;
      },
      seconds,
    ).catch(async (error) => {
      await shot('failed').catch(() => {});
      throw error;
    });
  /** The first visible thing of this role (or tag) whose accessible name or text has these words. */
  const thing = (role, words, seconds) => {
    const tags = { button: 'self::button', link: 'self::a', textbox: 'self::input', heading: 'self::h1 or self::h2' };
    const self = tags[role] ? `(${tags[role]} or @role="${role}")` : `@role="${role}"`;
    const named = `contains(@aria-label, ${quoted(words)}) or contains(normalize-space(.), ${quoted(words)})`;
    return visible(By.xpath(`//*[${self} and (${named})]`), `a ${role} named "${words}"`, seconds);
  };
  return {
    thing,
    text: (words, seconds) =>
      visible(By.xpath(`//*[text()[contains(., ${quoted(words)})]]`), `the words "${words}"`, seconds),
    find: (css, seconds) => visible(By.css(css), css, seconds),
    /** Clicks it, as soon as it stands still: what arrives on a page may move it between finding and clicking. */
    press: async (role, words, seconds) => {
      const found = await thing(role, words, seconds);
      await found.click().catch(async (error) => {
        if (error.name !== 'ElementClickInterceptedError') throw error;
        await eventually(`the ${role} "${words}" to be free`, async () => {
          await (await thing(role, words, seconds)).click();
          return true;
        });
      });
    },
    keys: (...keys) => session.actions().sendKeys(...keys).perform(),
    /** Drags from a place of the window to another while a key is held. */
    drag: (from, to, hold) =>
      session
        .actions()
        .keyDown(hold)
        .move({ x: Math.round(from.x), y: Math.round(from.y) })
        .press()
        .move({ x: Math.round((from.x + to.x) / 2), y: Math.round((from.y + to.y) / 2) })
        .move({ x: Math.round(to.x), y: Math.round(to.y) })
        .release()
        .keyUp(hold)
        .perform(),
    chord: (hold, key) => session.actions().keyDown(hold).sendKeys(key).keyUp(hold).perform(),
    run: (script, ...args) => session.executeScript(script, ...args),
    /** Calls the core, as the page does. */
    call: (name, args = {}) =>
      session.executeAsyncScript(
        `const done = arguments[2];
         window.__TAURI_INTERNALS__.invoke('call', { name: arguments[0], args: arguments[1] })
           .then((answer) => done({ answer }), (fault) => done({ fault }));`,
        name,
        args,
      ).then(({ answer, fault }) => {
        if (fault) throw new Error(`${name}: ${JSON.stringify(fault)}`);
        return answer;
      }),
    /** The session of the cluster that this window follows. */
    sessionId: async () =>
      JSON.parse(await session.executeScript(`return sessionStorage.getItem('netloft.session')`)).id,
    /** Sets colours and language in the settings dialog: `Dark`, `Light`; `English`, `中文`. */
    choose: async (...choices) => {
      await session.actions().keyDown(Key.CONTROL).sendKeys(',').keyUp(Key.CONTROL).perform();
      for (const words of choices)
        await (await visible(By.xpath(`//*[@role="dialog"]//*[@role="radio" and contains(., ${quoted(words)})]`), words)).click();
      await session.actions().sendKeys(Key.ESCAPE).perform();
      await eventually('the dialog to close', async () => (await session.findElements(By.css('[role=dialog]'))).length === 0);
    },
    /** The text of the page now. */
    read: (css = 'main') => session.executeScript(`return document.querySelector(arguments[0])?.innerText ?? ''`, css),
    /** The whole text of the YAML beside the form. */
    yaml: () => session.executeScript(`return [...document.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\\n')`),
    /** What the content security policy has refused since the window opened. */
    violations: () => session.executeScript('return window.seenViolations'),
    /** Goes to a page of the cluster that is open. */
    visit: (page) =>
      session.executeScript(
        `const cluster = new URLSearchParams(location.hash.split('?')[1] ?? '').get('cluster') ?? '';
         const [name, query = ''] = arguments[0].split('?');
         location.hash = '#/' + name + '?' + new URLSearchParams([['cluster', cluster], ...new URLSearchParams(query)]);`,
        page,
      ),
    /** Opens the built-in cluster by its card. */
    openDemo: async () => {
      await (await visible(By.xpath('//article[.//*[contains(., "start here")]]//*[@data-open]'), 'the demo card')).click();
      await visible(By.xpath('//h1[contains(., "Map")] | //*[@role="toolbar"]'), 'the map');
    },
    shot,
    /** A picture in dark and in light. */
    async inBoth(name) {
      await shot(`${name}-dark`);
      await this.choose('Light');
      await shot(`${name}-light`);
      await this.choose('Dark');
    },
  };
}

/** The demo in a window of its own, dark and in English; with the id of its session. `room` is the window's size. */
export async function openShop(room) {
  const window = await openWindow();
  try {
    await window.thing('heading', 'Clusters');
    if (room) await window.session.manage().window().setRect(room);
    await window.choose('Dark', 'English');
    await window.openDemo();
    return { window, session: await window.sessionId() };
  } catch (error) {
    await window.close();
    throw error;
  }
}

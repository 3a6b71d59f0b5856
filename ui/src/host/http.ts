import type { Fault, Pulse } from '../wire/generated/types';
import type { Host } from './host';

/** The dev-server on loopback: the same core, looked at with a browser. */
export function httpHost(base = ''): Host {
  return {
    kind: 'http',
    async call(name, args) {
      const answer = await fetch(`${base}/call/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(args ?? {}),
      }).catch((error: unknown) => {
        throw unreachable(name, error);
      });
      const body: unknown = await answer.json().catch(() => null);
      if (!answer.ok) throw body ?? unreachable(name, `HTTP ${answer.status}`);
      return body;
    },
    watch(session, onPulse, onLost) {
      const source = new EventSource(`${base}/watch?session=${encodeURIComponent(session)}`);
      // Each event is a batch; the browser connects again by itself, but not to a session that is gone.
      source.onmessage = (event: MessageEvent<string>) => (JSON.parse(event.data) as Pulse[]).forEach(onPulse);
      source.onerror = onLost;
      source.addEventListener('fault', () => {
        source.close();
        onLost();
      });
      return () => source.close();
    },
    openWindow(cluster) {
      const url = new URL(location.href);
      url.hash = `/open/${encodeURIComponent(cluster)}`;
      window.open(url, '_blank', 'noopener');
      return Promise.resolve();
    },
    saveFile(name, text) {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
      link.download = name;
      link.click();
      URL.revokeObjectURL(link.href);
      return Promise.resolve(name);
    },
    openUrl(url) {
      if (url.startsWith('https://')) window.open(url, '_blank', 'noopener,noreferrer');
      return Promise.resolve();
    },
    log: () => undefined,
  };
}

function unreachable(name: string, why: unknown): Fault {
  return {
    code: 'unreachable',
    message: `${name}: the dev-server did not answer (${String(why)})`,
    zh: `${name}：dev-server 没有应答（${String(why)}）`,
    hint: 'Start it with `cargo run -p dev-server`.',
    hintZh: '请用 `cargo run -p dev-server` 启动它。',
    about: null,
  };
}

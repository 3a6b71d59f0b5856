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
    watch(session, onPulse) {
      const source = new EventSource(`${base}/watch?session=${encodeURIComponent(session)}`);
      source.onmessage = (event: MessageEvent<string>) => onPulse(JSON.parse(event.data) as Pulse);
      return () => source.close();
    },
    openWindow(cluster) {
      const url = new URL(location.href);
      url.hash = `/map?cluster=${encodeURIComponent(cluster)}`;
      window.open(url, '_blank', 'noopener');
      return Promise.resolve();
    },
  };
}

function unreachable(name: string, why: unknown): Fault {
  return {
    code: 'unreachable',
    message: `${name}: the dev-server did not answer (${String(why)})`,
    hint: 'Start it with `cargo run -p dev-server`.',
    about: null,
  };
}

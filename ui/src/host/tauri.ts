import { Channel, invoke } from '@tauri-apps/api/core';
import type { Pulse } from '../wire/generated/types';
import type { Host } from './host';

/** The desktop shell: one command `call`, and one stream a watched session. */
export function tauriHost(): Host {
  return {
    kind: 'tauri',
    call: (name, args) => invoke('call', { name, args }),
    watch(session, onPulse, onLost) {
      let stopped = false;
      const channel = new Channel<Pulse>();
      channel.onmessage = (pulse) => {
        if (!stopped) onPulse(pulse);
      };
      const started = invoke<number>('watch', { session, channel });
      started.catch((error: unknown) => {
        console.error('watch', error);
        onLost();
      });
      return () => {
        stopped = true;
        // A watch that is stopped before it began is stopped as soon as it has its id.
        started.then((id) => invoke('unwatch', { id })).catch(() => undefined);
      };
    },
    openWindow: async (cluster) => {
      await desktop({ action: 'openWindow', cluster });
    },
    pickFile: (title) => desktop({ action: 'pickFile', title }) as Promise<string | null>,
    pickFolder: (title) => desktop({ action: 'pickFolder', title }) as Promise<string | null>,
    saveFile: (name, text) => desktop({ action: 'saveFile', name, text }) as Promise<string | null>,
    openUrl: async (url) => {
      await desktop({ action: 'openUrl', url });
    },
    log: (message) => void desktop({ action: 'log', message }).catch(() => undefined),
  };
}

/** What only a desktop can do; the shell's `desktop.rs` has the list. */
type Action =
  | { action: 'openWindow'; cluster: string }
  | { action: 'pickFile'; title: string }
  | { action: 'pickFolder'; title: string }
  | { action: 'saveFile'; name: string; text: string }
  | { action: 'openUrl'; url: string }
  | { action: 'log'; message: string };

const desktop = (action: Action): Promise<unknown> => invoke('desktop', { action });

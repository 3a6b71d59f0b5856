import { Channel, invoke } from '@tauri-apps/api/core';
import type { Pulse } from '../wire/generated/types';
import type { Host } from './host';

/** The desktop shell: one command `call`, and one stream a watched session. */
export function tauriHost(): Host {
  return {
    kind: 'tauri',
    call: (name, args) => invoke('call', { name, args }),
    watch(session, onPulse) {
      let stopped = false;
      const channel = new Channel<Pulse>();
      channel.onmessage = (pulse) => {
        if (!stopped) onPulse(pulse);
      };
      const started = invoke<number>('watch', { session, channel });
      started.catch((error: unknown) => console.error('watch', error));
      return () => {
        stopped = true;
        // A watch that is stopped before it began is stopped as soon as it has its id.
        started.then((id) => invoke('unwatch', { id })).catch(() => undefined);
      };
    },
    openWindow: (cluster) => invoke('open_window', { cluster }),
    pickFile: (title) => invoke<string | null>('plugin:dialog|open', { options: { title, multiple: false, directory: false } }),
  };
}

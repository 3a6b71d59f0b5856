import type { Pulse } from '../wire/generated/types';

/** What the UI runs in. The only way out of the web page. */
export interface Host {
  readonly kind: 'tauri' | 'http' | 'fixture';
  /** Sends one call to the core; rejects with the core's `Fault`. */
  call(name: string, args: unknown): Promise<unknown>;
  /** Follows a session until the returned function is called. `onLost` says that nothing comes any more, until a pulse comes again. */
  watch(session: string, onPulse: (pulse: Pulse) => void, onLost: () => void): () => void;
  /** Opens a cluster in a window of its own. */
  openWindow(cluster: string): Promise<void>;
  /** Asks the user for a file; null where nothing was chosen. Absent where the host has no such dialog. */
  pickFile?(title: string): Promise<string | null>;
  /** Asks the user for a folder, in the same way. */
  pickFolder?(title: string): Promise<string | null>;
  /** Saves a text where the user says: the place, or null where nothing was chosen. */
  saveFile(name: string, text: string): Promise<string | null>;
  /** Opens a page of the web outside of the app; https only. */
  openUrl(url: string): Promise<void>;
  /** Keeps a fault of the page where a report can find it. */
  log(message: string): void;
}

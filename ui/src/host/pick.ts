import type { Host } from './host';
import { httpHost } from './http';

/** The host that this page runs in. Fixtures are for looking at the UI without a core, and never shipped. */
export async function pickHost(): Promise<Host> {
  if ('__TAURI_INTERNALS__' in window) return (await import('./tauri')).tauriHost();
  if (import.meta.env.DEV && new URLSearchParams(location.search).get('host') === 'fixture') {
    return (await import('./fixture')).fixtureHost();
  }
  return httpHost();
}

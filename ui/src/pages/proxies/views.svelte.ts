import type { Params } from '../../state/route.svelte';

/** A way to look at the fleet that somebody named. Kept on this machine; it holds words of a filter, nothing of a cluster. */
export type SavedView = { readonly name: string; readonly params: Params };

const KEY = 'netloft.views.proxies';
/** What of the address belongs to a view. */
const OF_VIEW = ['show', 'namespace', 'q', 'group', 'sort', 'columns'] as const;

function read(): SavedView[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isView) : [];
  } catch {
    return [];
  }
}

function isView(value: unknown): value is SavedView {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && 'params' in value && typeof value.params === 'object' && value.params !== null;
}

class Views {
  all: readonly SavedView[] = $state.raw(read());

  /** Keeps how the fleet is looked at now; a name that is there is replaced. */
  save(name: string, params: Params): void {
    const kept = Object.fromEntries(OF_VIEW.map((key) => [key, params[key] ?? '']));
    this.put([...this.all.filter((view) => view.name !== name), { name, params: kept }]);
  }

  remove(name: string): void {
    this.put(this.all.filter((view) => view.name !== name));
  }

  private put(all: readonly SavedView[]): void {
    this.all = all;
    localStorage.setItem(KEY, JSON.stringify(all));
  }
}

export const views = new Views();

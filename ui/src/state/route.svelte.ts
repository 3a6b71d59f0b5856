/**
 * Where the user is. The address is `#/<page>?<key>=<value>…`: what can be in the address is there, so that back, reload and a second
 * window show the same thing.
 */
export type Params = Readonly<Record<string, string>>;

class Route {
  page = $state('clusters');
  params: Params = $state.raw({});

  /** Follows the address from now on. */
  start(): void {
    const read = (): void => {
      const { page, params } = parse(location.hash);
      this.page = page;
      this.params = params;
    };
    addEventListener('hashchange', read);
    read();
  }

  /** Goes to a page; the cluster stays. */
  go(page: string, params: Params = {}): void {
    this.apply(page, { ...this.kept(), ...params }, false);
  }

  /** Changes parameters of the page; an empty value removes one. Leaves no step in the history. */
  set(params: Params): void {
    this.apply(this.page, { ...this.params, ...params }, true);
  }

  /** The address of a page, for links. */
  href(page: string, params: Params = {}): string {
    return format(page, { ...this.kept(), ...params });
  }

  private kept(): Params {
    return this.params['cluster'] ? { cluster: this.params['cluster'] } : {};
  }

  private apply(page: string, params: Params, replace: boolean): void {
    const hash = format(page, params);
    if (hash === location.hash) return;
    if (replace) history.replaceState(null, '', hash);
    else history.pushState(null, '', hash);
    const read = parse(hash);
    this.page = read.page;
    this.params = read.params;
  }
}

export function parse(hash: string): { page: string; params: Params } {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const params = Object.fromEntries(new URLSearchParams(query));
  // A window of its own for a cluster starts at `#/open/<cluster>`.
  if (path.startsWith('open/')) return { page: 'map', params: { ...params, cluster: decodeURIComponent(path.slice(5)) } };
  return { page: path || 'clusters', params };
}

export function format(page: string, params: Params): string {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '')).toString();
  return query ? `#/${page}?${query}` : `#/${page}`;
}

export const route = new Route();

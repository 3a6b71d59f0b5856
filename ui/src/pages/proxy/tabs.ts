import type { ProxyLine, ProxySort } from '../../wire/generated/types';
import { t } from './words';

export type Tab = ProxySort | 'compare' | 'access' | 'levels';

const SORTS: readonly ProxySort[] = ['listeners', 'routes', 'clusters', 'endpoints', 'secrets', 'bootstrap'];
export const TABS: readonly Tab[] = [...SORTS, 'compare', 'access', 'levels'];

/** The parts of a ztunnel: it has no listeners of its own, and istiod keeps nothing to compare it with. */
const OF_NODE: readonly Tab[] = ['clusters', 'endpoints', 'routes', 'secrets', 'bootstrap', 'access', 'levels'];
const isNode = (role: string): boolean => role === 'ztunnel';
export const tabsOf = (role: string): readonly Tab[] => (isNode(role) ? OF_NODE : TABS);

export const tabOf = (value: string | undefined, role = ''): Tab => tabsOf(role).find((tab) => tab === value) ?? tabsOf(role)[0] ?? 'listeners';

export function tabInWords(tab: Tab, role = ''): string {
  if (isNode(role)) {
    if (tab === 'clusters') return t('services');
    if (tab === 'endpoints') return t('workloads');
    if (tab === 'routes') return t('policies');
  }
  const names: Record<Tab, string> = {
    listeners: t('listeners'),
    routes: t('routes'),
    clusters: t('clusters'),
    endpoints: t('endpoints'),
    secrets: t('secrets'),
    bootstrap: t('bootstrap'),
    compare: t('compare'),
    access: t('access'),
    levels: t('levels'),
  };
  return names[tab];
}

type Cell = { readonly title: string; readonly width: string; readonly figure?: boolean };

/** What the cells of a list mean, in the core's order; the name and the state come first by themselves. */
export function cellsOf(sort: ProxySort, role = ''): readonly Cell[] {
  if (isNode(role)) {
    if (sort === 'routes') {
      return [
        { title: t('scope'), width: '140px' },
        { title: t('action'), width: '100px' },
        { title: t('tried'), width: '100px' },
      ];
    }
    if (sort === 'clusters') {
      return [
        { title: t('reached'), width: '110px' },
        { title: t('healthy'), width: '80px' },
      ];
    }
    if (sort === 'endpoints') {
      return [
        { title: t('address'), width: '170px' },
        { title: t('reached'), width: '110px' },
        { title: t('services'), width: 'minmax(180px, 2fr)' },
      ];
    }
  }
  switch (sort) {
    case 'listeners':
      return [
        { title: t('address'), width: '140px' },
        { title: t('direction'), width: '80px' },
        { title: t('filters'), width: 'minmax(120px, 1.6fr)' },
        { title: t('routeConfig'), width: '120px' },
      ];
    case 'routes':
      return [
        { title: t('routeConfig'), width: '110px' },
        { title: t('hosts'), width: 'minmax(140px, 1.4fr)' },
        { title: t('condition'), width: 'minmax(100px, 1fr)' },
        { title: t('to'), width: 'minmax(140px, 1.6fr)' },
      ];
    case 'clusters':
      return [
        { title: t('discovery'), width: '110px' },
        { title: t('healthy'), width: '80px' },
        { title: t('ejects'), width: '80px' },
      ];
    case 'endpoints':
      return [
        { title: t('address'), width: '170px' },
        { title: t('requests'), width: '84px', figure: true },
        { title: t('failed'), width: '84px', figure: true },
        { title: t('failedConnections'), width: '120px', figure: true },
      ];
    case 'secrets':
      return [
        { title: t('holds'), width: 'minmax(240px, 2fr)' },
        { title: t('endsAt'), width: '200px' },
      ];
    case 'bootstrap':
      return [{ title: t('value'), width: 'minmax(240px, 3fr)' }];
  }
}

/** Whether a state deserves a colour. */
export const toneOfState = (state: string): 'plain' | 'ok' | 'warn' | 'bad' => {
  if (state === 'refused' || state === 'unhealthy' || state === 'failed its health check') return 'bad';
  if (state === 'warming' || state === 'draining' || state === 'ejected' || state === 'leaves') return 'warn';
  return state === 'healthy' ? 'ok' : 'plain';
};

/** Which line of its list it is. Those of the bootstrap are facts of one part, and told apart by their name. */
export const keyOfLine = (sort: ProxySort, { at, name }: Pick<ProxyLine, 'at' | 'name'>): string => (sort === 'bootstrap' ? name : String(at));

/** Every word must stand somewhere in the line. */
export function found(line: ProxyLine, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const objects = line.from.map((object) => `${object.kind} ${object.namespace}/${object.name}`).join(' ');
  const text = `${line.name} ${line.state} ${line.cells.join(' ')} ${objects} ${line.error}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

import Hexagon from '@lucide/svelte/icons/hexagon';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'proxies',
  group: 'observe',
  title: () => t('title'),
  icon: Hexagon,
  view: () => import('./Proxies.svelte'),
  needsCluster: true,
  count: (overview) => (overview.illProxies > 0 ? { n: overview.illProxies, bad: true } : { n: overview.proxies }),
};

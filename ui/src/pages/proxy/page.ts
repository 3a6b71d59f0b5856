import Hexagon from '@lucide/svelte/icons/hexagon';
import type { Page } from '../page';
import { t } from './words';

/** Reached from the fleet: one proxy by `proxy=<namespace>/<pod>`. */
export const page: Page = {
  id: 'proxy',
  group: null,
  title: () => t('title'),
  icon: Hexagon,
  view: () => import('./Proxy.svelte'),
  needsCluster: true,
  ofOne: true,
};

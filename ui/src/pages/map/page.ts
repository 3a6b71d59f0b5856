import Waypoints from '@lucide/svelte/icons/waypoints';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'map',
  group: 'observe',
  title: () => t('title'),
  icon: Waypoints,
  view: () => import('./Map.svelte'),
  needsCluster: true,
};

import Boxes from '@lucide/svelte/icons/boxes';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'clusters',
  group: null,
  title: () => t('title'),
  icon: Boxes,
  view: () => import('./Clusters.svelte'),
  needsCluster: false,
};

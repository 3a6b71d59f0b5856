import ChartBar from '@lucide/svelte/icons/chart-column';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'resources',
  group: 'observe',
  title: () => t('title'),
  icon: ChartBar,
  view: () => import('./Resources.svelte'),
  needsCluster: true,
};

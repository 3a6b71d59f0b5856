import History from '@lucide/svelte/icons/history';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'changes',
  group: 'understand',
  title: () => t('title'),
  icon: History,
  view: () => import('./Changes.svelte'),
  needsCluster: true,
};

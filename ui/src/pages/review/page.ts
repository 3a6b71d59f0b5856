import ListChecks from '@lucide/svelte/icons/list-checks';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'review',
  group: null,
  title: () => t('title'),
  icon: ListChecks,
  view: () => import('./Review.svelte'),
  needsCluster: true,
};

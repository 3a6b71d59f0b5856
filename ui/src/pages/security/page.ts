import Shield from '@lucide/svelte/icons/shield';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'security',
  group: 'author',
  title: () => t('title'),
  icon: Shield,
  view: () => import('./Security.svelte'),
  needsCluster: true,
  count: ({ policies }) => (policies > 0 ? { n: policies } : null),
};

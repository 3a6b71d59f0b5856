import Split from '@lucide/svelte/icons/split';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'routes',
  group: 'author',
  title: () => t('title'),
  icon: Split,
  view: () => import('./Routes.svelte'),
  needsCluster: true,
  count: ({ routes }) => (routes > 0 ? { n: routes } : null),
};

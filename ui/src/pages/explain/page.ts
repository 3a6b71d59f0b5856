import ArrowRightToLine from '@lucide/svelte/icons/arrow-right-to-line';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'explain',
  group: 'understand',
  title: () => t('title'),
  icon: ArrowRightToLine,
  view: () => import('./Explain.svelte'),
  needsCluster: true,
};

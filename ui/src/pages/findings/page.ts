import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'findings',
  group: 'understand',
  title: () => t('title'),
  icon: TriangleAlert,
  view: () => import('./Findings.svelte'),
  needsCluster: true,
  count: (overview) => ({ n: overview.findings, bad: overview.errors > 0 }),
};

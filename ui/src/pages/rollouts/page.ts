import Milestone from '@lucide/svelte/icons/milestone';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'rollouts',
  group: 'author',
  title: () => t('title'),
  icon: Milestone,
  view: () => import('./Rollouts.svelte'),
  needsCluster: true,
};

import FileSliders from '@lucide/svelte/icons/file-sliders';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'config',
  group: 'author',
  title: () => t('title'),
  icon: FileSliders,
  view: () => import('./Config.svelte'),
  needsCluster: true,
};

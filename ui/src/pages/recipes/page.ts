import BookOpen from '@lucide/svelte/icons/book-open';
import type { Page } from '../page';
import { t } from './words';

export const page: Page = {
  id: 'recipes',
  group: 'author',
  title: () => t('title'),
  icon: BookOpen,
  view: () => import('./Recipes.svelte'),
  needsCluster: true,
};

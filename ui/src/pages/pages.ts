import { page as clusters } from './clusters/page';
import { page as changes } from './changes/page';
import { page as review } from './review/page';
import { page as routes } from './routes/page';
import type { Page } from './page';

/** Every page, in the navigation's order. */
export const pages: readonly Page[] = [
  clusters,
  routes,
  changes,
  review,
];

export const pageOf = (id: string): Page | undefined => pages.find((page) => page.id === id);

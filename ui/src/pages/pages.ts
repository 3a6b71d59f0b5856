import { page as changes } from './changes/page';
import { page as clusters } from './clusters/page';
import { page as config } from './config/page';
import { page as explain } from './explain/page';
import { page as findings } from './findings/page';
import { page as map } from './map/page';
import type { Page } from './page';
import { page as proxies } from './proxies/page';
import { page as proxy } from './proxy/page';
import { page as resources } from './resources/page';
import { page as recipes } from './recipes/page';
import { page as review } from './review/page';
import { page as rollouts } from './rollouts/page';
import { page as routes } from './routes/page';
import { page as security } from './security/page';

/** Every page, in the navigation's order. */
export const pages: readonly Page[] = [
  clusters,
  map,
  proxies,
  proxy,
  resources,
  routes,
  rollouts,
  security,
  config,
  recipes,
  review,
  findings,
  explain,
  changes,
];

export const pageOf = (id: string): Page | undefined => pages.find((page) => page.id === id);

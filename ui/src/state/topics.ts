import type { Topic } from '../wire/generated/types';
import type { Calls } from '../wire/generated/calls';

/** What each answer is made of: a pulse that names one of these makes the answer stale. Calls that are not here are asked once. */
export const madeOf: Partial<Record<keyof Calls, readonly Topic[]>> = {
  clusters: ['clusters'],
  overview: ['overview', 'draft', 'findings', 'proxies', 'objects'],
  graph: ['graph', 'traffic', 'draft'],
  node: ['graph', 'traffic', 'draft', 'objects', 'findings', 'proxies'],
  series: ['traffic'],
  objects: ['objects', 'draft', 'findings'],
  document: ['objects'],
  kinds: ['overview'],
  recipe: ['objects', 'draft', 'graph'],
  matrix: ['objects', 'draft', 'graph', 'traffic'],
  policiesSeen: ['objects', 'draft', 'graph', 'traffic'],
  strict: ['objects', 'draft', 'traffic', 'journal'],
  dryRuns: ['objects', 'draft', 'traffic'],
  objectCheck: ['objects', 'draft', 'findings'],
  draft: ['draft'],
  review: ['draft'],
  uptake: ['proxies', 'journal', 'traffic'],
  history: ['journal'],
  rollouts: ['journal'],
  rolloutCheck: ['objects', 'traffic'],
  entry: ['journal'],
  findings: ['findings', 'draft', 'traffic'],
  explain: ['graph', 'objects', 'draft'],
  proxies: ['proxies'],
  proxyAccess: ['access'],
  resources: ['proxies'],
  resourceHistory: ['proxies'],
  sidecarScope: ['proxies', 'objects'],
};

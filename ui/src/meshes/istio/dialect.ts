import { pointer } from '../../lib/json';
import type { Dialect } from '../routing';
import { readRoute } from './route';
import { targetEdits, targetValue } from './target-edits';

/** How a VirtualService writes a route. */
export const VIRTUAL_SERVICE: Dialect = {
  read: readRoute,
  rules: '/spec/http',
  destinations: 'route',
  item: (target, weight) => ({ destination: targetValue(target), ...(weight === null ? {} : { weight }) }),
  retarget: (now, target) => targetEdits(pointer(now.pointer, 'destination'), now, target),
  fresh: (route) => ({ match: [{ headers: { 'x-canary': { exact: 'true' } } }], route }),
  isOrdered: true,
};

import { clock, count } from '../../i18n/format';
import type { ResourceSample } from '../../wire/generated/types';
import { t } from './words';

/** At how many moments of a sum some proxies were not measured; empty where all always were. */
export function gapsOf(samples: readonly ResourceSample[]): string {
  const partial = samples.filter(({ unknown }) => unknown > 0);
  const last = partial.at(-1);
  if (!last) return '';
  const most = Math.max(...partial.map(({ unknown }) => unknown));
  return t('gaps', { n: partial.length, all: count(samples.length), most: count(most), last: clock(last.at) });
}

import { bytes, millis, span } from '../../i18n/format';
import type { Sampling } from '../../wire/generated/types';
import { t } from './words';

/** What reading the counters costs those who are asked; empty before the first look. */
export function samplingCost({ every, seconds, bytes: read }: Sampling): string {
  if (every <= 0) return '';
  return t('sampling', { bytes: bytes((read / every) * 60), took: millis(seconds * 1000), every: span(every) });
}

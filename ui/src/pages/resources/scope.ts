import { bytes, count } from '../../i18n/format';
import type { ScopeBefore, SidecarScope } from '../../wire/generated/types';
import { t } from './words';

/** What a Sidecar was to save, and what it saves; that is measured once the proxies have taken it up. */
export function saving(before: ScopeBefore, now: Pick<SidecarScope, 'clusters' | 'bytes'>): string {
  const held = { clusters: count(before.clusters), bytes: bytes(before.bytes) };
  if (now.clusters === 0) return t('scopeMeasuring', held);
  const less = (left: number): string => bytes(Math.max(0, before.bytes - left));
  const saved = { ...held, saved: less(now.bytes) };
  return before.predicted === null ? t('scopeSaved', saved) : t('scopeSavedOf', { ...saved, predicted: less(before.predicted) });
}

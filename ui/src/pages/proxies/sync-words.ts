import type { SyncState } from '../../wire/generated/types';
import { t } from './words';

export function syncInWords(state: SyncState): string {
  switch (state) {
    case 'synced':
      return t('synced');
    case 'stale':
      return t('stale');
    case 'not-sent':
      return t('notSent');
    case 'error':
      return t('error');
    case 'no-xds':
      return t('noXds');
    case 'unknown':
      return t('unknown');
  }
}

import type { Right } from '../wire/generated/types';
import { t } from './words';

/** What the user may do, in words: `full rights`, `read only`, `may not change policies`. */
export function rightsInWords(rights: readonly Right[]): string {
  const denied = rights.filter((right) => !right.allowed).map((right) => right.what);
  if (denied.length === 0) return t('fullRights');
  if (!denied.includes('read') && denied.includes('route') && denied.includes('secure')) return t('readOnly');
  return denied.map((what) => t('someRights', { what: nameOf(what) })).join(' · ');
}

function nameOf(what: string): string {
  switch (what) {
    case 'read':
      return t('right_read');
    case 'route':
      return t('right_route');
    case 'secure':
      return t('right_secure');
    case 'forward':
      return t('right_forward');
    default:
      return what;
  }
}

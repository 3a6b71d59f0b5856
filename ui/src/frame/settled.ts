import { told } from '../i18n/said';
import { route } from '../state/route.svelte';
import { toasts } from '../state/toasts.svelte';
import type { SettledChange } from '../wire/generated/types';
import { t } from './words';

/** Of each session what was said already. */
const known = new Set<string>();

/** Says once of each change whose end nobody saw what is known of it now, and leads to it: there it is finished or undone. */
export function tellSettled(session: string, settled: readonly SettledChange[]): void {
  for (const { entry, message, zh, written, objects } of settled) {
    const key = `${session} ${String(entry)}`;
    if (known.has(key)) continue;
    known.add(key);
    toasts.show({
      tone: 'warn',
      title: t('settled', { entry }),
      detail: [told({ message, zh }), t(written === objects ? 'settledAll' : written === 0 ? 'settledNone' : 'settledSome', { written, objects })].filter(Boolean).join(': '),
      action: { label: t('settledShow'), run: () => route.go('changes', { entry: String(entry) }) },
    });
  }
}

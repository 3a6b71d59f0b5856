import { route } from '../state/route.svelte';
import { toasts } from '../state/toasts.svelte';
import type { SettledChange } from '../wire/generated/types';
import { t } from './words';

/** Of each session what was told already. */
const told = new Set<string>();

/** Says once of each change whose end nobody saw what is known of it now, and leads to it: there it is finished or undone. */
export function tellSettled(session: string, settled: readonly SettledChange[]): void {
  for (const { entry, message, written, objects } of settled) {
    const key = `${session} ${String(entry)}`;
    if (told.has(key)) continue;
    told.add(key);
    toasts.show({
      tone: 'warn',
      title: t('settled', { entry }),
      detail: [message, t(written === objects ? 'settledAll' : written === 0 ? 'settledNone' : 'settledSome', { written, objects })].filter(Boolean).join(': '),
      action: { label: t('settledShow'), run: () => route.go('changes', { entry: String(entry) }) },
    });
  }
}

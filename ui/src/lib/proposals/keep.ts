import { route } from '../../state/route.svelte';
import { toasts } from '../../state/toasts.svelte';
import { core } from '../../wire/client';
import type { Proposal } from '../../wire/generated/types';
import { t } from './words';

/** Those that would change something. */
export const changing = (proposals: readonly Proposal[]): readonly Proposal[] => proposals.filter(({ before, after }) => before !== after);

/** Puts what was proposed into the tray, and says so. Throws what the core says. */
export async function keep(session: string, proposals: readonly Proposal[]): Promise<void> {
  const changed = changing(proposals);
  for (const { after, base } of changed) await core.draftPut({ session, yaml: after, base });
  toasts.show({ tone: 'info', title: t('kept', { n: changed.length }), detail: t('keptHint'), action: { label: t('review'), run: () => route.go('review') } });
}

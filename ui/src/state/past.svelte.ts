import { untrack } from 'svelte';
import { slow } from './clock.svelte';
import { ask } from './query.svelte';

/** What is kept of a session's past: a moment a minute, so it is asked for once a minute. */
export function askPast(session: () => string | null): ReturnType<typeof ask<'past'>> {
  const past = ask('past', () => {
    const of = session();
    return of === null ? null : { session: of };
  });
  const minute = $derived(Math.floor(slow.now / 60_000));
  $effect(() => {
    if (minute > 0) untrack(past.retry);
  });
  return past;
}

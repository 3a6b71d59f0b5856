import { ask, type Query } from './query.svelte';
import { session } from './session.svelte';
import type { Draft, Overview } from '../wire/generated/types';

/** The facts of the open cluster that the whole frame needs. Call while a component is set up. */
export const askOverview = (): Query<Overview> => ask('overview', () => (session.id === null ? null : { session: session.id }));

/** The tray. */
export const askDraft = (): Query<Draft> => ask('draft', () => (session.id === null ? null : { session: session.id }));

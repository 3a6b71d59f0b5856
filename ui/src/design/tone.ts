import type { Health, Level } from '../wire/generated/types';

/** A colour with a meaning: green flows, amber deserves a look, red is broken, violet is mutual TLS, blue is information. */
export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'lock' | 'accent' | 'plain';

export const toneOfHealth: Readonly<Record<Health, Tone>> = { ok: 'ok', warn: 'warn', bad: 'bad', idle: 'plain', unknown: 'plain' };
export const toneOfLevel: Readonly<Record<Level, Tone>> = { error: 'bad', warning: 'warn', info: 'info' };

/** The colour of the nth version of a service: the same on the map, in charts and in split bars. */
export const versionColour = (index: number): string => `var(--v${(index % 4) + 1})`;

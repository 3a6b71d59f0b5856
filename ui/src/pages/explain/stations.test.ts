import { describe, expect, it } from 'vitest';
import type { Outcome, Step } from '../../wire/generated/types';
import { stationsOf } from './stations';

const step = (name: string): Step => ({ step: name, object: null, path: null, because: name, zh: '' });
const row = (outcome: Outcome, ...names: string[]): string =>
  stationsOf({ outcome, trace: names.map(step) })
    .map(({ place, state, steps, link }) => `${link.length > 0 ? '~' : ''}${place}${steps.length > 1 ? String(steps.length) : ''} ${state}`)
    .join(', ');

describe('the way of a request', () => {
  it.each<[string, Outcome, string[], string]>([
    ['is a row of places', 'forwarded', ['resolve', 'route', 'split', 'subset', 'transport', 'authorize', 'deliver'], 'caller passed, rule3 passed, ~guard passed, end passed'],
    ['has one place for the guards of all destinations', 'forwarded', ['resolve', 'route', 'authorize', 'deliver', 'authorize', 'deliver'], 'caller passed, rule passed, guard2 passed, end2 passed'],
    ['stops where it is refused, and shows what it does not reach', 'denied', ['resolve', 'route', 'authorize'], 'caller passed, rule passed, guard stopped, end ahead'],
    ['ends on the wire where the other side takes no plaintext', 'refused', ['resolve', 'route', 'transport'], 'caller passed, rule passed, ~end stopped'],
    ['ends at a rule that answers itself', 'direct', ['resolve', 'route', 'answer'], 'caller passed, rule2 passed'],
    ['begins anew behind a waypoint', 'forwarded', ['resolve', 'leave', 'tunnel', 'waypoint', 'route', 'tunnel', 'authorize', 'deliver'], 'caller2 passed, ~waypoint passed, rule passed, ~guard passed, end passed'],
    ['comes in by a gateway', 'forwarded', ['gateway', 'route', 'transport', 'authorize', 'deliver'], 'caller passed, gateway passed, rule passed, ~guard passed, end passed'],
    ['keeps a step that this window does not know at its place', 'unknown', ['resolve', 'novel'], 'caller2 passed, end unknown'],
    ['is a name that does not resolve', 'unresolved', ['resolve'], 'caller stopped, end ahead'],
  ])('%s', (_, outcome, names, expected) => expect(row(outcome, ...names)).toBe(expected));
});

import { waitFor } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, expect, it } from 'vitest';
import { fixtureHost, type FixtureHost } from '../host/fixture';
import { findings } from '../host/fixtures/truth';
import { connect } from '../wire/client';
import type { FindingList } from '../wire/generated/types';
import { ask, spoil, type Query } from './query.svelte';

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

/** Asks as a component would, until the test ends. */
function follow(session: string): Query<FindingList> {
  let query: Query<FindingList> | undefined;
  stops.push(
    $effect.root(() => {
      query = ask('findings', () => ({ session, withDraft: false }));
    }),
  );
  flushSync();
  if (!query) throw new Error('not asked');
  return query;
}

const count = (host: FixtureHost): number => host.asked.filter(({ name }) => name === 'findings').length;

it('asks once for what two components show', async () => {
  const host = fixtureHost({ findings });
  connect(host);
  const [a, b] = [follow('s'), follow('s')];
  await waitFor(() => expect([a.data?.findings.length, b.data?.findings.length, a.busy]).toEqual([7, 7, false]));
  expect(count(host)).toBe(1);
});

it('asks again for what is spoiled, of that session only', async () => {
  const host = fixtureHost({ findings });
  connect(host);
  const mine = follow('mine');
  await waitFor(() => expect(mine.data).toBeDefined());
  spoil(['findings'], 'another');
  spoil(['journal'], 'mine');
  expect(count(host)).toBe(1);
  spoil(['findings'], 'mine');
  await waitFor(() => expect(count(host)).toBe(2));
});

it('asks once more after an answer that was spoiled on its way, and not for each time', async () => {
  let answer: () => void = () => undefined;
  const host = fixtureHost({ findings: () => new Promise((done) => (answer = () => done(findings))) });
  connect(host);
  const query = follow('s');
  for (let i = 0; i < 5; i += 1) spoil(['findings'], 's');
  expect(count(host)).toBe(1);
  answer();
  await waitFor(() => expect(count(host)).toBe(2));
  answer();
  await waitFor(() => expect(query.busy).toBe(false));
  expect(count(host)).toBe(2);
});

it('rests as long as an answer took before it asks for the next', async () => {
  const took = 40;
  const at: number[] = [];
  connect(fixtureHost({
    findings: async () => {
      at.push(performance.now());
      await new Promise((done) => setTimeout(done, took));
      return findings;
    },
  }));
  const query = follow('s');
  await waitFor(() => expect(query.data).toBeDefined());
  spoil(['findings'], 's');
  expect(query.busy).toBe(false);
  await waitFor(() => expect(at).toHaveLength(2));
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(2 * took - 2);
});

it('keeps the last answer beside the fault of the next', async () => {
  let works = true;
  const fault = { code: 'unreachable', message: 'listing failed', zh: '', hint: 'retry', hintZh: '', about: null };
  connect(fixtureHost({ findings: () => (works ? findings : Promise.reject(fault)) }));
  const query = follow('s');
  await waitFor(() => expect(query.data).toBeDefined());
  works = false;
  query.retry();
  await waitFor(() => expect([query.fault?.message, query.data?.findings.length]).toEqual(['listing failed', 7]));
  works = true;
  query.retry();
  await waitFor(() => expect(query.fault).toBeNull());
});

it('asks nothing any more for what left the screen', async () => {
  const host = fixtureHost({ findings });
  connect(host);
  const query = follow('s');
  await waitFor(() => expect(query.data).toBeDefined());
  stops.splice(0).forEach((stop) => stop());
  spoil(['findings'], 's');
  expect(count(host)).toBe(1);
});


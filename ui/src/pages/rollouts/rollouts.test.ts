import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { keys } from '../../state/keys.svelte';
import { route } from '../../state/route.svelte';
import { connect } from '../../wire/client';
import type { Rollout } from '../../wire/generated/types';
import { newPlan } from './plan';
import RolloutList from './RolloutList.svelte';
import RolloutView from './RolloutView.svelte';

const rollout = (id: number, name: string): Rollout => ({
  id, user: 'ann', startedAt: 1_000_000, heardAt: 0, isOurs: true, isOver: false, step: 1, phase: 'watching', phaseBecause: '', because: '',
  weight: 25, mirror: 0, heldSeconds: 10, entries: [], checks: [], plan: { ...newPlan(), name, stable: 'v1', canary: 'v2' },
});
const press = (key: string): void => keys.handle(new KeyboardEvent('keydown', { key }));

afterEach(cleanup);

it('is walked by J and K, and by the arrows', async () => {
  connect(fixtureHost({ rollouts: [rollout(2, 'points'), rollout(1, 'reviews')] }));
  render(RolloutList, { session: 's' });
  const [first, second] = await Promise.all(['points', 'reviews'].map((name) => screen.findByRole('button', { name })));
  press('j');
  expect(document.activeElement).toBe(first);
  press('j');
  press('j');
  expect(document.activeElement).toBe(second);
  await fireEvent.keyDown(second as Element, { key: 'ArrowUp' });
  expect(document.activeElement).toBe(first);
  await expectAccessible();
  press('n');
  expect(route.params['plan']).toBe('new');
});

it('goes on by P, pauses by Space, and asks before A aborts', async () => {
  const host = fixtureHost({ rollouts: [rollout(1, 'reviews')], rolloutCommand: [] });
  connect(host);
  render(RolloutView, { session: 't', rollout: 1 });
  await screen.findByRole('heading', { name: 'reviews' });
  const given = (): unknown[] => host.asked.filter(({ name }) => name === 'rollout_command').map(({ args }) => (args as { command: string }).command);
  press('p');
  press('p');
  press(' ');
  await waitFor(() => expect(given()).toEqual(['promote', 'pause']));
  press('a');
  await screen.findByRole('dialog', { name: 'Abort reviews?' });
  expect(given()).toHaveLength(2);
});

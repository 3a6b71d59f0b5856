import { mount, unmount, type Component } from 'svelte';
import { createRawSnippet, flushSync, tick } from 'svelte';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { expect, it, vi } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { connect } from '../../wire/client';
import { Desk } from './desk.svelte';
import EditorFrame from './EditorFrame.svelte';

const nothing = (): void => undefined;

it.each([
  ['goes back when its edit is taken back', false, 1],
  ['takes nobody away from where they have gone meanwhile', true, 0],
])('%s', async (_, gone, times) => {
  let end: (some: boolean) => void = nothing;
  const onback = vi.fn();
  const desk = { sheets: [{ isPending: true }], canUndo: false, canRedo: false, save: () => Promise.resolve() };
  const props = {
    session: 's',
    desk,
    title: 'reviews',
    load: () => new Promise(nothing),
    discard: () => new Promise<boolean>((resolve) => (end = resolve)),
    onback,
    backLabel: 'Back',
    shown: null,
    onsheet: nothing,
    facts: createRawSnippet(() => ({ render: () => '<i></i>' })),
  };
  const frame = mount(EditorFrame as unknown as Component<typeof props>, { target: document.body, props });
  flushSync();
  [...document.querySelectorAll('button')].find((button) => button.textContent.includes('Discard'))?.click();
  if (gone) await unmount(frame);
  end(false);
  await tick();
  expect(onback).toHaveBeenCalledTimes(times);
  if (!gone) await unmount(frame);
});

it.each(['Helm', 'Argo CD', 'Flux'])('says that %s owns an object before it is edited, in every editor, and leads to Git', async (owner) => {
  const object = { group: 'networking.istio.io', kind: 'VirtualService', namespace: 'prod', name: 'reviews' };
  const text = JSON.stringify({ metadata: { name: 'reviews', namespace: 'prod' } });
  connect(
    fixtureHost({
      yamlRead: ({ yaml }) => ({ yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} }),
      document: { object, uid: '', yaml: text, resourceVersion: '1', owner, managers: [] },
      objectCheck: { problems: [], findings: [], because: '', zh: '' },
    }),
  );
  const desk = new Desk(owner);
  const sheet = await desk.place({ object, live: text, base: '1', text, inTray: false });
  const facts = createRawSnippet(() => ({ render: () => '<i></i>' }));
  render(EditorFrame, { session: owner, desk, title: 'reviews', load: () => Promise.resolve(), discard: () => Promise.resolve(true), onback: nothing, backLabel: 'Back', shown: null, onsheet: nothing, at: '', facts, form: facts });
  await screen.findByText(`${owner} owns VirtualService reviews`);
  expect(sheet.isPending).toBe(false);
  await fireEvent.click(screen.getByRole('button', { name: 'Commit to Git …' }));
  await screen.findByRole('dialog');
  cleanup();
});

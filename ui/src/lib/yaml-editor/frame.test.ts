import { mount, unmount, type Component } from 'svelte';
import { createRawSnippet, flushSync, tick } from 'svelte';
import { expect, it, vi } from 'vitest';
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

import { afterEach, expect, it, vi } from 'vitest';
import { keys } from './keys.svelte';

afterEach(() => document.body.replaceChildren());

it.each([
  ['button', ' ', 0],
  ['button', 'Enter', 0],
  ['button', 'p', 1],
  ['div', ' ', 1],
  ['input', 'p', 0],
])('on a %s, %j of the place runs %d times', (tag, key, times) => {
  const run = vi.fn();
  const leave = keys.add(() => ['space', 'enter', 'p'].map((bound) => ({ keys: bound, label: bound, run })));
  const target = document.body.appendChild(document.createElement(tag));
  const listen = (event: KeyboardEvent): void => keys.handle(event);
  addEventListener('keydown', listen);
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  removeEventListener('keydown', listen);
  leave();
  expect(run).toHaveBeenCalledTimes(times);
});

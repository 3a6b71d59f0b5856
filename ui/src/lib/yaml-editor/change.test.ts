import { expect, it } from 'vitest';
import { changeBetween } from './change';

it.each([
  ['weight: 90\n', 'weight: 80\n', { from: 8, to: 9, insert: '8' }],
  ['', 'a', { from: 0, to: 0, insert: 'a' }],
  ['a', '', { from: 0, to: 1, insert: '' }],
  ['aa', 'aaa', { from: 2, to: 2, insert: 'a' }],
  ['aaa', 'aa', { from: 2, to: 3, insert: '' }],
  ['abab', 'ab', { from: 2, to: 4, insert: '' }],
])('%j → %j', (before, after, change) => {
  expect(changeBetween(before, after)).toEqual(change);
  expect(before.slice(0, change.from) + change.insert + before.slice(change.to)).toBe(after);
});

it('says nothing for the same text', () => {
  expect(changeBetween('a: 1\n', 'a: 1\n')).toBeNull();
});

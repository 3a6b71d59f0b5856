import { afterEach, expect, it } from 'vitest';
import { locale } from '../state/locale.svelte';
import { words } from './words';

const t = words(
  { hello: 'Hello {name}', pods: { one: '{n} pod', other: '{n} pods' } },
  { hello: '你好 {name}', pods: { other: '{n} 个 Pod' } },
);

afterEach(() => locale.set('en'));

it('fills in names and numbers, by the rules of the language', () => {
  locale.set('en');
  expect([t('hello', { name: 'a' }), t('pods', { n: 1 }), t('pods', { n: 1200 })]).toEqual(['Hello a', '1 pod', '1,200 pods']);
  locale.set('zh');
  expect([t('hello', { name: 'a' }), t('pods', { n: 1 })]).toEqual(['你好 a', '1 个 Pod']);
});

it('leaves text of a cluster alone, placeholders and all', () => {
  locale.set('en');
  expect(t('hello', { name: '<b>{name}</b> $&' })).toBe('Hello <b>{name}</b> $&');
});

it('does not compile with a key or a placeholder that is not there', () => {
  // @ts-expect-error a key that is missing in Chinese
  words({ a: 'a', b: 'b' }, { a: 'a' });
  // @ts-expect-error a placeholder that the English text does not have
  words({ a: '{n} of {m}' }, { a: '{x}' });
  // @ts-expect-error a value that is not given
  expect(t('hello')).toBe('Hello {name}');
});

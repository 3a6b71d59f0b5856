import { afterEach, expect, it } from 'vitest';
import { findings } from '../host/fixtures/truth';
import { locale } from '../state/locale.svelte';
import { told } from './said';

afterEach(() => locale.set('en'));

it('tells a finding in the language of the window', () => {
  const [first] = findings.findings;
  if (!first) throw new Error('the fixture has findings');
  expect(told(first)).toBe(first.message);
  locale.set('zh');
  expect(told(first)).toMatch(/^catalog\.prod\.svc\.cluster\.local 的/);
  expect(told({ message: 'in English alone', zh: '' })).toBe('in English alone');
});

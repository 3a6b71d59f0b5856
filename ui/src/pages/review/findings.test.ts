import { expect, it } from 'vitest';
import type { Finding } from '../../wire/generated/types';
import { together } from './findings';

const finding = (rule: string, message: string, name: string): Finding => ({ rule, message, kind: 'Deployment', name }) as Finding;

it('says the same of several places once', () => {
  const found = together([finding('a', 'no policy selects it', 'x'), finding('b', 'other', 'x'), finding('a', 'no policy selects it', 'y')]);
  expect(found.map(({ finding: { rule }, places }) => [rule, places])).toEqual([
    ['a', ['Deployment x', 'Deployment y']],
    ['b', ['Deployment x']],
  ]);
});

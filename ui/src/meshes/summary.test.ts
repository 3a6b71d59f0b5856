import { afterEach, expect, it } from 'vitest';
import { locale } from '../state/locale.svelte';
import { summaryOf } from './summary';

afterEach(() => locale.set('en'));

const of = (kind: string, group = 'networking.istio.io') => ({ group, kind, namespace: 'shop', name: 'a' });

it.each([
  ['en', { object: of('Gateway'), summary: 'opens HTTP 80', summaryZh: '开放 HTTP 80' }, 'opens HTTP 80'],
  ['zh', { object: of('Gateway'), summary: 'opens HTTP 80', summaryZh: '开放 HTTP 80' }, '开放 HTTP 80'],
  ['zh', { object: of('ProxyConfig'), summary: 'Settings of proxies', summaryZh: '' }, '需要重启的代理设置'],
  ['zh', { object: of('Other', 'example.org'), summary: 'Something new', summaryZh: '' }, 'Something new'],
  ['zh', { object: of('Other', 'example.org'), summary: '', summaryZh: '' }, ''],
] as const)('%s %o', (language, row, words) => {
  locale.set(language);
  expect(summaryOf(row)).toBe(words);
});

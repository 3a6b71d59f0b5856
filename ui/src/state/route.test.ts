import { expect, it } from 'vitest';
import { format, parse } from './route.svelte';

it.each([
  ['', 'clusters', {}],
  ['#/map?cluster=demo', 'map', { cluster: 'demo' }],
  ['#/open/%2Fhome%2Fa%20b%2Fconfig%23prod', 'map', { cluster: '/home/a b/config#prod' }],
  ['#/routes?name=a%26b%3Dc&kind=VirtualService', 'routes', { name: 'a&b=c', kind: 'VirtualService' }],
])('reads %j', (hash, page, params) => expect(parse(hash)).toEqual({ page, params }));

it('writes what it reads, without what is empty', () => {
  const params = { cluster: '/home/a b/config#prod', url: 'http://x/?a=1&b=#c' };
  expect(parse(format('explain', { ...params, none: '' }))).toEqual({ page: 'explain', params });
});

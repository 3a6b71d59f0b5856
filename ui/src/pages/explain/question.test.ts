import { describe, expect, it } from 'vitest';
import { callerOf, commandOf, headersOf, isUrl, objectOf, quoted, requestOf } from './question';

const question = { from: 'prod/productpage-v1', via: '', method: 'GET', url: 'http://reviews:9080/reviews/7', headers: '' };

describe('the form', () => {
  it.each([
    ['prod/productpage-v1', { namespace: 'prod', workload: 'productpage-v1' }],
    ['203.0.113.9', { outside: '203.0.113.9' }],
    ['2001:db8::1', { outside: '2001:db8::1' }],
    ['', null],
    ['productpage', null],
    ['a/b/c', null],
  ])('reads the caller %j', (text, caller) => expect(callerOf(text)).toEqual(caller));

  it.each([
    ['end-user: jason; x-test:1', { 'end-user': 'jason', 'x-test': '1' }],
    ['authorization: Bearer a:b', { authorization: 'Bearer a:b' }],
    [':authority: shop.example.com', { ':authority': 'shop.example.com' }],
    ['', {}],
    ['nonsense', null],
    ['bad name: x', null],
  ])('reads the headers %j', (text, headers) => expect(headersOf(text)).toEqual(headers));

  it.each([
    ['http://reviews:9080/x', true],
    ['reviews:9080', false],
    ['javascript:alert(1)', false],
    ['', false],
  ])('takes %j for a URL: %j', (text, is) => expect(isUrl(text)).toBe(is));

  it('names a gateway only for a request from outside', () => {
    const via = 'istio-system/gw';
    expect([requestOf({ ...question, via })?.via, requestOf({ ...question, from: '203.0.113.9', via })?.via]).toEqual([undefined, via]);
  });
});

describe('the command', () => {
  it('asks the same', () => {
    const request = requestOf({ ...question, headers: 'end-user: jason' });
    expect(request && commandOf(request, { name: 'prod-eu', demo: false })).toBe(
      'netloft explain --context prod-eu --from prod/productpage-v1 --url http://reviews:9080/reviews/7 --method GET --header end-user:jason',
    );
  });

  it.each([
    ['$(reboot)', "'$(reboot)'"],
    ["a'; rm -rf ~", "'a'\\''; rm -rf ~'"],
  ])('lets no name of a cluster become a command: %s', (name, safe) => expect(quoted(name)).toBe(safe));
});

it.each([
  ['VirtualService prod/reviews', { group: '', kind: 'VirtualService', namespace: 'prod', name: 'reviews' }],
  ['Namespace prod', { group: '', kind: 'Namespace', namespace: '', name: 'prod' }],
  ['the default of the mesh', null],
])('reads the object %j', (said, object) => expect(objectOf(said)).toEqual(object));

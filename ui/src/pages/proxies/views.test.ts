import { beforeEach, expect, it, vi } from 'vitest';

const fresh = async () => {
  vi.resetModules();
  return (await import('./views.svelte')).views;
};
beforeEach(() => localStorage.clear());

it('keeps how the fleet is looked at, and nothing of which proxy is open', async () => {
  const views = await fresh();
  views.save('ill ones of prod', { show: 'ill', namespace: 'prod', sort: '-cpu', columns: 'cpu,issuer', proxy: 'prod/cart-v1-x' });
  const params = { show: 'ill', namespace: 'prod', q: '', group: '', sort: '-cpu', columns: 'cpu,issuer' };
  expect((await fresh()).all).toEqual([{ name: 'ill ones of prod', params }]);
});

it('replaces one of the same name, and forgets one that is removed', async () => {
  const views = await fresh();
  views.save('a', { q: 'one' });
  views.save('b', { q: 'two' });
  views.save('a', { q: 'three' });
  expect(views.all.map(({ name, params }) => `${name} ${params['q']}`)).toEqual(['b two', 'a three']);
  views.remove('b');
  expect((await fresh()).all.map(({ name }) => name)).toEqual(['a']);
});

it('begins anew where what was kept is none', async () => {
  for (const broken of ['{', '{"a":1}', '[1,{"name":2},{"name":"x","params":null}]']) {
    localStorage.setItem('netloft.views.proxies', broken);
    expect((await fresh()).all).toEqual([]);
  }
});

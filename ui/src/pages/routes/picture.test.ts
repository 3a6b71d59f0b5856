import { describe, expect, it } from 'vitest';
import { readRoute } from '../../meshes/istio/route';
import { pictureOf, RULE_HEIGHT, widthOf } from './picture';

const two = (first: number, second: number): unknown => ({
  spec: {
    http: [
      { match: [{ headers: { 'end-user': { exact: 'jason' } } }], route: [{ destination: { host: 'reviews', subset: 'v2' } }] },
      {
        route: [
          { destination: { host: 'reviews', subset: 'v1' }, weight: first },
          { destination: { host: 'reviews', subset: 'v2' }, weight: second },
        ],
        mirror: { host: 'audit' },
      },
      { redirect: { uri: '/new' } },
    ],
  },
});

describe('the picture of a route', () => {
  const picture = pictureOf(readRoute(two(80, 20)), readRoute(two(90, 10)));

  it('shows each target once, versions before hosts', () => {
    expect(picture.targets.map(({ name, kind }) => [name, kind])).toEqual([
      ['v1', 'destination'],
      ['v2', 'destination'],
      ['/new', 'redirect'],
      ['audit', 'destination'],
    ]);
  });

  it('draws shares, mirrors and what they were', () => {
    expect(picture.edges.map(({ rule, share, kind, was }) => [rule, share, kind, was?.value ?? null])).toEqual([
      [0, 100, 'split', null],
      [1, 80, 'split', 90],
      [1, 20, 'split', 10],
      [1, 100, 'mirror', null],
      [2, 100, 'split', null],
    ]);
  });

  it('lets nothing overlap', () => {
    const { rules, targets, height, edges } = picture;
    rules.slice(1).forEach(({ y }, at) => expect(y).toBeGreaterThanOrEqual((rules[at]?.y ?? 0) + RULE_HEIGHT));
    targets.slice(1).forEach(({ y }, at) => expect(y).toBeGreaterThanOrEqual((targets[at]?.y ?? 0) + (targets[at]?.h ?? 0)));
    expect((targets.at(-1)?.y ?? 0) + (targets.at(-1)?.h ?? 0)).toBeLessThanOrEqual(height + 0.01);
    const entries = edges.map(({ target, toY }) => `${target} ${String(toY)}`);
    expect(new Set(entries).size).toBe(entries.length);
  });

  it('marks a destination that is not live as new', () => {
    const now = pictureOf(readRoute(two(80, 20)), readRoute({ spec: { http: [] } }));
    expect(now.targets.every(({ isNew }) => !isNew)).toBe(true);
    const added = readRoute({ spec: { http: [{ route: [{ destination: { host: 'r', subset: 'v1' } }, { destination: { host: 'r', subset: 'v3' }, weight: 0 }] }] } });
    const before = readRoute({ spec: { http: [{ route: [{ destination: { host: 'r', subset: 'v1' } }] }] } });
    expect(pictureOf(added, before).targets.find(({ name }) => name === 'v3')?.isNew).toBe(true);
  });
});

it('draws a share of nothing thin, and all of it thick', () => {
  expect(widthOf(0)).toBe(1);
  expect(widthOf(100)).toBeGreaterThan(widthOf(50));
});

import { describe, expect, it } from 'vitest';
import { apportion, moveWeight, normalised, shares, withoutWeight } from './weights';

describe('moving a weight', () => {
  it.each([
    { name: 'two: the other gives', weights: [90, 10], index: 1, wanted: 20, becomes: [80, 20] },
    { name: 'three: in proportion', weights: [60, 30, 10], index: 2, wanted: 40, becomes: [40, 20, 40] },
    { name: 'whole numbers, the sum stays', weights: [34, 33, 33], index: 0, wanted: 1, becomes: [1, 50, 49] },
    { name: 'from all to one', weights: [100, 0, 0], index: 0, wanted: 70, becomes: [70, 30, 0] },
    { name: 'over the top', weights: [50, 50], index: 0, wanted: 130, becomes: [100, 0] },
    { name: 'below nothing', weights: [50, 50], index: 0, wanted: -4, becomes: [0, 100] },
    { name: 'a fraction', weights: [50, 50], index: 0, wanted: 33.4, becomes: [33, 67] },
    { name: 'weights that are not written', weights: [null, 10], index: 1, wanted: 25, becomes: [75, 25] },
    { name: 'proportions that are no per cent', weights: [3, 1], index: 1, wanted: 50, becomes: [50, 50] },
  ])('$name', ({ weights, index, wanted, becomes }) => {
    expect(moveWeight(weights, index, wanted)).toEqual(becomes);
  });

  it('leaves pinned weights alone and never takes from them', () => {
    expect(moveWeight([60, 30, 10], 2, 50, new Set([0]))).toEqual([60, 0, 40]);
    expect(moveWeight([60, 30, 10], 2, 20, new Set([0]))).toEqual([60, 20, 20]);
  });

  it('changes nothing where every other weight is pinned', () => {
    expect(moveWeight([60, 40], 0, 10, new Set([1]))).toEqual([60, 40]);
  });

  it('always adds up to 100', () => {
    for (let wanted = 0; wanted <= 100; wanted += 1) {
      for (const weights of [[33, 33, 34], [1, 1, 98], [0, 0, 100], [7, 5], [14, 14, 14, 14, 14, 15, 15]]) {
        const moved = moveWeight(weights, 0, wanted);
        expect(moved[0]).toBe(wanted);
        expect(moved.reduce((total, weight) => total + weight, 0)).toBe(100);
        expect(moved.every((weight) => Number.isInteger(weight) && weight >= 0)).toBe(true);
      }
    }
  });
});

it('gives the part of a removed destination to the others', () => {
  expect(withoutWeight([80, 10, 10], 0)).toEqual([50, 50]);
  expect(withoutWeight([100, 0], 0)).toEqual([100]);
  expect(withoutWeight([60, 30, 10], 2)).toEqual([67, 33]);
});

it('reads shares as the mesh does', () => {
  expect(shares([null])).toEqual([100]);
  expect(shares([3, 1])).toEqual([75, 25]);
  expect(shares([0, 0])).toEqual([0, 0]);
  expect(normalised([2, 1])).toEqual([67, 33]);
});

it('splits without losing one', () => {
  expect(apportion(100, [1, 1, 1])).toEqual([34, 33, 33]);
  expect(apportion(0, [5, 5])).toEqual([0, 0]);
  expect(apportion(7, [])).toEqual([]);
});

/** What a user does to the versions of a service, as edits of its DestinationRule. */
import type { YamlEdit } from '../../wire/generated/types';
import { pointer } from '../../lib/json';
import { insert, remove, set } from '../../lib/yaml-edits';
import type { Subsets } from './route';
import type { Route } from '../routing';

export const addSubset = (subsets: Subsets, name: string, labels: Record<string, string>): YamlEdit[] => {
  if (name === '' || subsets.subsets.some((subset) => subset.name === name)) return [];
  const value = { name, labels };
  return [subsets.subsets.length === 0 ? set('/spec/subsets', [value]) : insert('/spec/subsets/-', value)];
};

export const removeSubset = (subsets: Subsets, index: number): YamlEdit[] => {
  const subset = subsets.subsets[index];
  if (!subset) return [];
  return [remove(subsets.subsets.length === 1 ? '/spec/subsets' : subset.pointer)];
};

/** Renaming a subset is two documents' business: the rule that names it, and every route that goes to it. */
export const renameSubset = (subsets: Subsets, index: number, name: string): YamlEdit[] => {
  const subset = subsets.subsets[index];
  return !subset || subset.name === name || name === '' ? [] : [set(pointer(subset.pointer, 'name'), name)];
};

export const followRename = (route: Route, host: string, from: string, to: string): YamlEdit[] =>
  route.rules.flatMap((rule) => [
    ...rule.destinations
      .filter((destination) => destination.subset === from && destination.host === host)
      .map((destination) => set(pointer(destination.pointer, 'destination', 'subset'), to)),
    ...rule.mirrors
      .filter((mirror) => mirror.subset === from && mirror.host === host)
      .map((mirror) => set(pointer(mirror.pointer, 'subset'), to)),
  ]);

export const setSubsetLabel = (subsets: Subsets, index: number, key: string, value: string): YamlEdit[] => {
  const subset = subsets.subsets[index];
  return subset && key !== '' ? [set(pointer(subset.pointer, 'labels', key), value)] : [];
};

export const removeSubsetLabel = (subsets: Subsets, index: number, key: string): YamlEdit[] => {
  const subset = subsets.subsets[index];
  const label = subset?.labels.find((one) => one.key === key);
  if (!subset || !label) return [];
  return [remove(subset.labels.length === 1 ? pointer(subset.pointer, 'labels') : label.pointer)];
};

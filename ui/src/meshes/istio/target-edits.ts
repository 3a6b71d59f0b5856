import type { YamlEdit } from '../../wire/generated/types';
import { pointer } from '../../lib/json';
import { remove, set } from '../../lib/yaml-edits';
import type { Target } from '../routing';

export const targetValue = ({ host, subset, port }: Target): Record<string, unknown> => ({
  host,
  ...(subset === '' ? {} : { subset }),
  ...(port === null ? {} : { port: { number: port } }),
});

export const targetEdits = (at: string, now: Target, target: Target): YamlEdit[] => [
  ...(now.host === target.host ? [] : [set(pointer(at, 'host'), target.host)]),
  ...textEdit(pointer(at, 'subset'), now.subset, target.subset),
  ...(now.port === target.port
    ? []
    : target.port === null
      ? [remove(pointer(at, 'port'))]
      : [set(pointer(at, 'port', 'number'), target.port)]),
];

/** An emptied text is a field that goes. */
export const textEdit = (path: string, now: string, wanted: string): YamlEdit[] => {
  if (now === wanted) return [];
  return wanted === '' ? [remove(path)] : [set(path, wanted)];
};

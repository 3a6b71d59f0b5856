import { expect, it } from 'vitest';
import type { Matrix, MatrixCell, MatrixColumn, MatrixRequest } from '../../wire/generated/types';
import { columnNames, linesOf, pairsWithin, placeOf, requestName, signOf, signOfCell, unfolded } from './matrix';

const cell = (outcome: MatrixCell['outcome'], secured: MatrixCell['secured'] = 'mtls', requestsPerSecond = 0): MatrixCell => ({ outcome, secured, because: '', zh: '', object: null, path: '', lost: [], requests: [], requestsPerSecond, deniedPerSecond: 0 });
const column = (namespace: string, service: string, ports: number[]): MatrixColumn => ({ namespace, service, url: '', ports, asked: [{ method: 'GET', path: '/', headers: [] }], unasked: 0 });

const matrix: Matrix = {
  rows: [{ namespace: 'a', workload: 'x' }, { namespace: 'a', workload: 'y' }, { namespace: 'b', workload: 'z' }],
  columns: [column('a', 's', [80]), column('b', 't', [80])],
  cells: [cell('forwarded', 'mtls', 2), cell('denied'), cell('forwarded', 'mtls', 1), cell('denied'), cell('forwarded', 'plaintext'), cell('unknown', 'unknown')],
  tooMany: false,
  most: 12_000,
};
const rows = matrix.rows.map(({ namespace, workload }) => ({ namespace, name: workload }));
const columns = columnNames(matrix.columns);

it.each([
  ['forwarded', 'mtls', 'mtls'],
  ['forwarded', 'plaintext', 'plain'],
  ['forwarded', 'unknown', 'unknown'],
  ['refused', 'unknown', 'denied'],
  ['no-route', 'unknown', 'none'],
  ['unknown', 'mtls', 'unknown'],
] as const)('%s over %s is %s', (outcome, secured, sign) => expect(signOf({ outcome, secured, lost: [] })).toBe(sign));

it.each([
  [[], 'denied'],
  [['denied', 'denied'], 'denied'],
  [['denied', 'forwarded'], 'part'],
  [['denied', 'aborted'], 'part'],
  [['denied', 'no-route'], 'denied'],
  [['denied', 'unknown'], 'denied'],
] as const)('a cell whose requests are %j is %s', (outcomes, sign) => {
  const requests = outcomes.map((outcome): MatrixRequest => ({ asked: { method: 'GET', path: '/', headers: [] }, outcome, secured: 'mtls', because: '', zh: '', object: null, path: '', lost: [] }));
  expect(signOfCell({ ...cell('denied'), requests })).toBe(sign);
});

it('a request is named with its headers', () => expect(requestName({ method: 'GET', path: '/', headers: ['x-team: a'] })).toBe('GET / x-team: a'));

it('folds by namespace', () => {
  expect(linesOf(rows, new Set()).map(({ key, members }) => [key, members])).toEqual([['a', [0, 1]], ['b', [2]]]);
  expect(linesOf(rows, new Set(['a'])).map(({ key }) => key)).toEqual(['a', 'a/x', 'a/y', 'b']);
});

it('has what belongs to the cluster itself last', () => {
  const items = ['istio-system', 'shop', 'kube-system', 'dev'].map((namespace) => ({ namespace, name: 'x' }));
  expect(linesOf(items, new Set()).map(({ key, members }) => [key, members])).toEqual([['dev', [3]], ['shop', [1]], ['istio-system', [0]], ['kube-system', [2]]]);
});

it('opens at first what people work in, the busiest as long as there is room', () => {
  expect(unfolded(matrix, 6)).toEqual(new Set(['a', 'b']));
  // a has 3 requests a second in it and to it, and takes 2 x 1 cells; b would make 3 x 2 of them.
  expect(unfolded(matrix, 4)).toEqual(new Set(['a']));
  expect(unfolded({ ...matrix, rows: [{ namespace: 'istio-system', workload: 'x' }, ...matrix.rows.slice(1)] }, 6)).toEqual(new Set(['a', 'b']));
});

it('says of a fold what all of it has in common', () => {
  const [a, b] = linesOf(rows, new Set());
  const [s, t] = linesOf(columns, new Set());
  if (!a || !b || !s || !t) throw new Error('no lines');
  expect(placeOf(matrix, a, s)).toMatchObject({ sign: 'mtls', count: 2, perSecond: 3, cell: null });
  expect(placeOf(matrix, a, t)).toMatchObject({ sign: 'denied', denied: 2 });
  expect(placeOf(matrix, b, t)).toMatchObject({ sign: 'unknown', count: 1, cell: matrix.cells[5] });
  const all = { ...a, members: [0, 1, 2] };
  expect(placeOf(matrix, all, s).sign).toBe('mixed');
});

it('names the ports of a service where they do not agree', () => {
  const named = columnNames([...matrix.columns, column('a', 'u', [80, 81]), column('a', 'u', [9090]), column('b', 'u', [80])]);
  expect(named.map(({ name }) => name)).toEqual(['s', 't', 'u:80,81', 'u:9090', 'u']);
});

it('counts the pairs within a namespace, at each port', () => {
  const of = { ...matrix, columns: [column('a', 's', [80, 81]), column('b', 't', [80]), column('c', 'u', [80])] };
  expect(pairsWithin(of)).toEqual([{ namespace: 'a', pairs: 4 }, { namespace: 'b', pairs: 1 }]);
  const outside = { ...of, rows: [{ namespace: '', workload: 'outside the mesh' }, ...of.rows], columns: [...of.columns, column('', 'api.example.com', [443])] };
  expect(pairsWithin(outside)).toEqual([{ namespace: 'a', pairs: 9 }, { namespace: 'b', pairs: 4 }]);
});

it('a cell of which one workload refuses its share is allowed in part, whatever the rest of it is', () => {
  const lost = [{ share: 0.33, outcome: 'denied' as const, status: 403, workloads: ['reviews-v3'], because: '', zh: '', object: null, path: '' }];
  expect(signOfCell({ ...cell('forwarded'), lost })).toBe('part');
});

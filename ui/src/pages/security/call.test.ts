import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { locale } from '../../state/locale.svelte';
import type { Matrix, MatrixCell } from '../../wire/generated/types';
import CallPanel from './CallPanel.svelte';
import { placeOf } from './matrix';

afterEach(() => {
  cleanup();
  locale.set('en');
});

const cell: MatrixCell = { outcome: 'denied', secured: 'mtls', because: 'no rule of AuthorizationPolicy p allows it', zh: 'AuthorizationPolicy p 没有规则允许它', object: null, path: '', lost: [], requests: [], requestsPerSecond: 4, deniedPerSecond: 0 };
const show = (of: Partial<MatrixCell>): void => {
  const matrix: Matrix = { rows: [{ namespace: 'prod', workload: 'checkout-v1' }], columns: [{ namespace: 'prod', service: 'payments', url: 'http://payments.prod:8080', ports: [8080], asked: [{ method: 'GET', path: '/', headers: [] }], unasked: 0 }], cells: [{ ...cell, ...of }], tooMany: false, most: 12000 };
  const line = (name: string) => ({ key: name, namespace: 'prod', name, members: [0], isOpen: true });
  const [row, column] = [line('checkout-v1'), line('payments')];
  render(CallPanel, { row, column, from: 'prod/checkout-v1', to: 'prod/payments', place: placeOf(matrix, row, column), called: matrix.columns[0], onclose: () => undefined });
};

it('says why in the language of the window', () => {
  locale.set('zh');
  show({});
  screen.getByText('AuthorizationPolicy p 没有规则允许它');
});

it('tells a refusal of what was asked from calls that are seen to come through, and counts refused ones once', () => {
  show({});
  screen.getByText(/^What is seen comes through/);
  cleanup();
  show({ deniedPerSecond: 4 });
  expect(screen.queryByText(/^What is seen comes through/)).toBeNull();
  screen.getByText('4/s seen in the last hour');
});

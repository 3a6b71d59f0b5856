import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { locale } from '../../state/locale.svelte';
import type { EffectLine } from '../../wire/generated/types';
import EffectLines from './EffectLines.svelte';

afterEach(() => {
  cleanup();
  locale.set('en');
});

const line: EffectLine = {
  tone: 'cuts',
  title: 'callers without a proxy → reviews',
  titleZh: '没有代理的调用方 → reviews',
  detail: 'connection refused: reviews-v1 takes only mutual TLS, and this comes in plaintext',
  detailZh: '连接被拒绝：reviews-v1 只接受双向 TLS，而这是明文',
  requestsPerSecond: 2,
  observed: true,
  object: null,
  path: '',
};

it('says what a change does in the language of the window, and in English what was written down before it was said in both', async () => {
  render(EffectLines, { lines: [line, { ...line, tone: 'moves', title: 'old → line', titleZh: '', detail: '10 % moves', detailZh: '' }] });
  screen.getByText(line.title);
  screen.getByText(line.detail);
  locale.set('zh');
  await screen.findByText(line.titleZh);
  screen.getByText(line.detailZh);
  screen.getByText('old → line');
  expect(screen.queryByText(line.detail)).toBeNull();
});

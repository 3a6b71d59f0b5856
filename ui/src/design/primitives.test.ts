import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { createRawSnippet, tick, type Component, type Snippet } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { expectAccessible } from '../lib/axe';
import { locale } from '../state/locale.svelte';
import { toasts } from '../state/toasts.svelte';
import Alternative from './Alternative.svelte';
import Button from './Button.svelte';
import Card from './Card.svelte';
import Chart from './Chart.svelte';
import Code from './Code.svelte';
import Combobox from './Combobox.svelte';
import ConditionRow from './ConditionRow.svelte';
import Confirm from './Confirm.svelte';
import DetailHead from './DetailHead.svelte';
import Dot from './Dot.svelte';
import EmptyState from './EmptyState.svelte';
import ErrorState from './ErrorState.svelte';
import IconButton from './IconButton.svelte';
import Kbd from './Kbd.svelte';
import Menu from './Menu.svelte';
import Meter from './Meter.svelte';
import NumberField from './NumberField.svelte';
import Panel from './Panel.svelte';
import Screen from './Screen.svelte';
import Segmented from './Segmented.svelte';
import SelectField from './SelectField.svelte';
import Skeleton from './Skeleton.svelte';
import Slider from './Slider.svelte';
import Sparkline from './Sparkline.svelte';
import SplitBar from './SplitBar.svelte';
import Switch from './Switch.svelte';
import Tabs from './Tabs.svelte';
import Tag from './Tag.svelte';
import Text from './Text.svelte';
import TextField from './TextField.svelte';
import Tile from './Tile.svelte';
import Toasts from './Toasts.svelte';
import Tooltip from './Tooltip.svelte';
import Unknowns from './Unknowns.svelte';

const text = (words: string): Snippet => createRawSnippet(() => ({ render: () => `<span>${words}</span>` }));
const trigger = createRawSnippet<[Record<string, unknown>]>(() => ({
  render: () => '<button type="button">Open</button>',
  setup: (node) => {
    node.setAttribute('data-there', '');
  },
}));
const nothing = (): void => undefined;
const choices = [
  { value: 'a', label: 'First' },
  { value: 'b', label: 'Second' },
];
const lines = [
  { name: 'v1', colour: 'var(--v1)', values: [1, 2, 3] },
  { name: 'v2', colour: 'var(--v2)', values: [4, null, 6] },
];
const fault = { code: 'unreachable', message: 'reaching prod failed', zh: '', hint: 'Check the VPN', hintZh: '', about: null } as const;

beforeEach(() => locale.set('en'));
afterEach(cleanup);

/** Every primitive as it is used, and what assistive technology must find in it. */
const table: readonly [string, Component<never>, Record<string, unknown>, (() => unknown)?][] = [
  ['Alternative', Alternative, { at: '/spec', joined: 'or', children: text('x') }, () => screen.getByText('or')],
  ['Button', Button, { children: text('Go') }, () => screen.getByRole('button', { name: 'Go' })],
  ['Card', Card, { title: 'A card', children: text('x') }, () => screen.getByRole('heading', { name: 'A card' })],
  ['Chart', Chart, { label: 'Requests', at: [1, 2, 3], lines, format: String }, () => screen.getByRole('slider', { name: /Requests/ })],
  ['Code', Code, { text: 'a\u202eb', block: true }, () => screen.getByText('U+202E')],
  ['Combobox', Combobox, { label: 'Host', value: 'a', options: choices, onchange: nothing }, () => screen.getByRole('combobox', { name: 'Host' })],
  ['ConditionRow', ConditionRow, { at: '/spec', joined: 'and', columns: '1fr', removeLabel: 'Remove', onremove: nothing, children: text('x') }, () => screen.getByRole('button', { name: 'Remove' })],
  ['DetailHead', DetailHead, { title: 'reviews', backLabel: 'All routes', onback: nothing, facts: text('v1'), actions: text('x') }, () => [screen.getByRole('heading', { level: 1, name: 'reviews' }), screen.getByRole('button', { name: 'All routes' })]],
  ['Dot', Dot, { health: 'bad' }, () => screen.getByRole('img', { name: 'broken' })],
  ['EmptyState', EmptyState, { title: 'Nothing yet', children: text('why') }, () => screen.getByRole('heading', { level: 2, name: 'Nothing yet' })],
  ['ErrorState', ErrorState, { fault, retry: nothing }, () => within(screen.getByRole('alert')).getByText('Check the VPN')],
  ['IconButton', IconButton, { label: 'Close', children: text('×') }, () => screen.getByRole('button', { name: 'Close' })],
  ['Kbd', Kbd, { keys: 'mod+k' }, () => screen.getByText('Ctrl K')],
  ['Menu', Menu, { items: [{ label: 'Delete', run: nothing }], trigger }],
  ['Meter', Meter, { share: 0.4, label: 'CPU 40 %' }, () => screen.getByRole('img', { name: 'CPU 40 %' })],
  ['NumberField', NumberField, { label: 'Weight', value: 10, onchange: nothing }, () => screen.getByLabelText('Weight')],
  ['Panel', Panel, { title: 'reviews', onclose: nothing, children: text('x') }, () => screen.getByRole('complementary', { name: 'reviews' })],
  ['Screen', Screen, { title: 'Proxies', children: text('x') }, () => screen.getByRole('heading', { level: 1, name: 'Proxies' })],
  ['Segmented', Segmented, { label: 'Window', options: choices, value: 'a', onchange: nothing }, () => screen.getByRole('radio', { name: 'First', checked: true })],
  ['SelectField', SelectField, { label: 'Mode', value: 'a', options: choices, onchange: nothing }, () => within(screen.getByRole('combobox', { name: 'Mode' })).getByText('First')],
  ['Skeleton', Skeleton, {}, () => screen.getByRole('status', { name: 'Loading' })],
  ['Slider', Slider, { label: 'Share', value: 30, said: '30 %', oninput: nothing }, () => screen.getByRole('slider', { name: 'Share' })],
  ['Sparkline', Sparkline, { values: [1, null, 3], label: 'rising' }, () => screen.getByRole('img', { name: 'rising' })],
  ['SplitBar', SplitBar, { label: 'Split', parts: [{ name: 'v1', share: 0.9, colour: 'var(--v1)' }] }, () => screen.getByRole('img', { name: 'Split: v1 90 %' })],
  ['Switch', Switch, { label: 'Read only', help: 'why', checked: true, onchange: nothing }, () => screen.getByRole('switch', { name: 'Read only', checked: true })],
  ['Switch of several', Switch, { label: 'By hand', said: 'By hand, step 2', checked: false, onchange: nothing }, () => screen.getByRole('switch', { name: 'By hand, step 2' })],
  ['Tabs', Tabs, { label: 'Views', tabs: choices, value: 'b', onchange: nothing, children: text('body') }, () => screen.getByRole('tab', { name: 'Second', selected: true })],
  ['Tag', Tag, { tone: 'ok', children: text('SYNCED') }, () => screen.getByText('SYNCED')],
  ['Text', Text, { text: 'a\u202eb' }, () => screen.getByText('U+202E')],
  ['TextField', TextField, { label: 'Name', value: 'x', problem: 'too short', onchange: nothing }, () => screen.getByLabelText(/Name/)],
  ['Tile', Tile, { title: 'In sync', value: '9 of 11' }, () => screen.getByText('9 of 11')],
  ['Unknowns', Unknowns, { unknown: [{ about: 'routes', because: 'denied' }] }, () => screen.getByRole('region', { name: 'What cannot be known' })],
  ['Tooltip', Tooltip, { text: 'more', children: trigger }],
];

describe.each(table)('%s', (_, component, props, find) => {
  it('is accessible', async () => {
    render(component as unknown as Component<Record<string, unknown>>, { props });
    find?.();
    await expectAccessible();
  });
});

it('covers every primitive', () => {
  const here = Object.keys(import.meta.glob('./*.svelte')).map((path) => path.slice(2, -7));
  // These have a test of their own: below, beside them, or with the pages that fill them.
  const own = ['Confirm', 'Dialog', 'Field', 'Rows', 'Table', 'Toasts'];
  const others = ['MenuCheck', 'Notice'];
  expect(here.filter((name) => ![...table.map(([name]) => name), ...own, ...others].includes(name))).toEqual([]);
});

describe('Button', () => {
  it('says why it cannot be used, and does nothing', async () => {
    const onclick = vi.fn();
    render(Button, { children: text('Apply'), disabledBecause: 'you may not patch', onclick });
    const button = screen.getByRole('button', { name: /Apply/ });
    await fireEvent.click(button);
    expect([onclick.mock.calls.length, button.getAttribute('aria-disabled'), button.title]).toEqual([0, 'true', 'you may not patch']);
  });
});

describe('Segmented', () => {
  it('moves by the arrow keys, around the ends', async () => {
    const onchange = vi.fn();
    render(Segmented, { label: 'Window', options: choices, value: 'b', onchange });
    await fireEvent.keyDown(screen.getByRole('radio', { name: 'Second' }), { key: 'ArrowRight' });
    expect(onchange).toHaveBeenCalledWith('a');
  });
});

describe('Combobox', () => {
  async function typed(free: boolean, word: string): Promise<string | undefined> {
    const onchange = vi.fn<(value: string) => void>();
    render(Combobox, { label: 'Host', value: 'a', options: choices, free, onchange });
    const input = screen.getByRole('combobox');
    await fireEvent.input(input, { target: { value: word } });
    await fireEvent.keyDown(input, { key: 'Enter' });
    return onchange.mock.calls[0]?.[0];
  }

  it.each([
    ['takes the best of the list', false, 'sec', 'b'],
    ['keeps the old value where nothing fits', false, 'zzz', undefined],
    ['takes any text where that is allowed', true, 'api.example.com', 'api.example.com'],
  ])('%s', async (_, free, word, expected) => expect(await typed(free, word)).toBe(expected));

  it('opens its list, walks it and closes it by Escape', async () => {
    render(Combobox, { label: 'Host', value: 'a', options: choices, onchange: nothing });
    const input = screen.getByRole('combobox');
    await fireEvent.keyDown(input, { key: 'ArrowDown' });
    await expectAccessible();
    await fireEvent.keyDown(input, { key: 'ArrowDown' });
    expect(document.getElementById(input.getAttribute('aria-activedescendant') ?? '')?.textContent).toContain('Second');
    await fireEvent.keyDown(input, { key: 'Escape' });
    expect(screen.queryByRole('listbox')).toBeNull();
  });
});

describe('Chart', () => {
  it('gives the same numbers as a table, gaps as gaps', async () => {
    render(Chart, { label: 'Requests', at: [1, 2, 3], lines, format: (n: number) => `${n}/s` });
    await fireEvent.click(screen.getByRole('button', { name: 'Show as table' }));
    await expectAccessible();
    expect(screen.getAllByRole('cell').map((cell) => cell.textContent)).toEqual(['1/s', '4/s', '2/s', 'no data', '3/s', '6/s']);
  });

  it('moves its cursor by the arrow keys', async () => {
    render(Chart, { label: 'Requests', at: [1, 2, 3], lines, format: String });
    const slider = screen.getByRole('slider');
    await fireEvent.keyDown(slider, { key: 'ArrowLeft' });
    expect([slider.getAttribute('aria-valuenow'), slider.getAttribute('aria-valuetext')]).toEqual(['1', expect.stringContaining('v1 2, v2 no data')]);
  });
});

describe('Code', () => {
  it('cuts what is very long until it is asked for', async () => {
    render(Code, { text: 'x'.repeat(200_000), longest: 100 });
    expect(screen.getByText('x'.repeat(100))).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'More' }));
    expect(screen.getByText('x'.repeat(200_000))).toBeTruthy();
  });

  it('shows markup as text', () => {
    render(Code, { text: '<img src=x onerror=alert(1)>' });
    expect([document.querySelector('img'), screen.getByText('<img src=x onerror=alert(1)>').closest('code')?.tagName]).toEqual([null, 'CODE']);
  });
});

describe('Confirm', () => {
  it('is a dialog with its name and two answers', async () => {
    const onno = vi.fn();
    render(Confirm, { open: true, title: 'Discard?', text: 'Nothing changes', yes: 'Discard', no: 'Keep', onyes: nothing, onno });
    const dialog = await screen.findByRole('dialog', { name: 'Discard?' });
    await expectAccessible(dialog);
    await fireEvent.click(within(dialog).getByRole('button', { name: 'Keep' }));
    expect(onno).toHaveBeenCalledOnce();
  });
});

describe('Toasts', () => {
  it('keeps what failed until it is dismissed, and says it once', async () => {
    render(Toasts);
    for (let i = 0; i < 2; i += 1) toasts.show({ tone: 'bad', title: 'apply failed', detail: 'conflict' });
    await tick();
    expect(screen.getAllByRole('alert')).toHaveLength(1);
    await expectAccessible();
    await fireEvent.click(screen.getByRole('button', { name: 'Close' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

describe('what the core says in both languages', () => {
  const unknown = [
    { about: 'traffic', aboutZh: '流量', because: 'you may not get pods/proxy', zh: '你无权 get pods/proxy' },
    { about: 'selector-matches-nothing', aboutZh: '', because: 'in its own words', zh: '' },
  ];

  it('is told in that of the window, and in English where it has no Chinese', async () => {
    render(Unknowns, { unknown });
    expect(screen.getByText('you may not get pods/proxy').closest('li')?.textContent).toBe('traffic: you may not get pods/proxy');
    locale.set('zh');
    await tick();
    expect(screen.getByText('你无权 get pods/proxy').closest('li')?.textContent).toBe('流量：你无权 get pods/proxy');
    expect(screen.getByText('in its own words').closest('li')?.textContent).toBe('selector-matches-nothing：in its own words');
  });

  it('holds for what failed, with the next step', async () => {
    render(ErrorState, { fault: { ...fault, zh: '无法连接 prod', hintZh: '请检查 VPN' } });
    locale.set('zh');
    await tick();
    expect(within(screen.getByRole('alert')).getByText('无法连接 prod').nextElementSibling?.textContent).toBe('请检查 VPN');
  });
});

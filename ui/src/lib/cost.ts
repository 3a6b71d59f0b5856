import { bytes, dateTime, duration } from '../i18n/format';
import { words } from '../i18n/words';
import type { Asked, CostSort, ServerCost } from '../wire/generated/types';

const t = words(
  {
    cost: 'Netloft asked {server} {n} times in the last minute: {bytes} read, {waited} of waiting',
    line: '{sort}: {n}, {bytes}, {waited}',
    followed: '{sort}: {n} begun, {bytes}',
    whole: 'Since {since}: {n}, {bytes}. Answers that were waited for together count each for itself.',
    watch: 'objects that are followed, logs',
    api: 'other questions to the API server',
    usage: 'CPU and memory in use',
    counters: 'counters of proxies and control planes',
    configuration: 'configurations of proxies',
    controlPlane: 'pages of control planes',
    prometheus: 'Prometheus',
  },
  {
    cost: 'Netloft 在最近一分钟内询问了 {server} {n} 次：读取 {bytes}，等待 {waited}',
    line: '{sort}：{n} 次，{bytes}，{waited}',
    followed: '{sort}：新开始 {n} 次，{bytes}',
    whole: '自 {since} 起：{n} 次，{bytes}。同时等待的应答各自计算。',
    watch: '持续跟踪的对象、日志',
    api: '对 API 服务器的其他询问',
    usage: 'CPU 与内存用量',
    counters: '代理与控制平面的计数器',
    configuration: '代理的配置',
    controlPlane: '控制平面的页面',
    prometheus: 'Prometheus',
  },
);

function sortInWords(sort: CostSort): string {
  switch (sort) {
    case 'watch':
      return t('watch');
    case 'api':
      return t('api');
    case 'usage':
      return t('usage');
    case 'counters':
      return t('counters');
    case 'configuration':
      return t('configuration');
    case 'control-plane':
      return t('controlPlane');
    case 'prometheus':
      return t('prometheus');
  }
}

const sum = (all: readonly Asked[], of: (one: Asked) => number): number => all.reduce((n, one) => n + of(one), 0);

/** What the last minute cost the server, in a line. */
export function costOf(cost: ServerCost | null): string {
  if (!cost || cost.minute.length === 0) return '';
  const { server, minute } = cost;
  return t('cost', { server, n: sum(minute, (one) => one.asked), bytes: bytes(sum(minute, (one) => one.bytes)), waited: duration(sum(minute, (one) => one.waited)) });
}

/** The same by what was asked for, and all since the connection was opened. */
export function costLines({ minute, asked, bytes: read, openedAt }: ServerCost): string {
  const line = (one: Asked): string => {
    const of = { sort: sortInWords(one.sort), n: one.asked, bytes: bytes(one.bytes) };
    return one.sort === 'watch' ? t('followed', of) : t('line', { ...of, waited: duration(one.waited) });
  };
  return [...minute.map(line), t('whole', { since: dateTime(openedAt), n: asked, bytes: bytes(read) })].join('\n');
}

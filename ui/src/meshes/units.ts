/**
 * What a number of Istio's and the Gateway API's kinds counts. Their schemas say a type and bounds, and a duration by its rule; what the rest is
 * measured in stands in their protocol buffers and Go types: istio/api networking/v1alpha3 (destination_rule, virtual_service, workload_group,
 * proxy_config .proto), telemetry/v1alpha1 (telemetry.proto), kubernetes-sigs/gateway-api apis/v1 (httproute_types.go, shared_types.go).
 */
import { locale } from '../state/locale.svelte';
import type { SchemaField } from '../wire/generated/types';

type Said = readonly [en: string, zh: string];

const UNITS = {
  percent: ['%', '%'],
  seconds: ['s', '秒'],
  duration: ['h m s ms', 'h m s ms'],
  port: ['port', '端口'],
  status: ['HTTP status', 'HTTP 状态码'],
  connections: ['connections', '个连接'],
  requests: ['requests', '个请求'],
  streams: ['streams', '个流'],
  retries: ['retries', '次重试'],
  tries: ['tries', '次尝试'],
  probes: ['probes', '次探测'],
  errors: ['errors', '次错误'],
  instances: ['instances', '个实例'],
  threads: ['threads', '个线程'],
  slots: ['slots', '个槽位'],
} as const satisfies Readonly<Record<string, Said>>;
export type Unit = keyof typeof UNITS;

/** By the last parts of a field's path; a part that ends in a star of its own stands for any name. */
const BY_NAME: Readonly<Record<string, Unit>> = {
  maxConnections: 'connections',
  http1MaxPendingRequests: 'requests',
  http2MaxRequests: 'requests',
  maxRequestsPerConnection: 'requests',
  maxConcurrentStreams: 'streams',
  maxRetries: 'retries',
  minRetryConcurrency: 'retries',
  attempts: 'retries',
  'tcpKeepalive.probes': 'probes',
  failureThreshold: 'tries',
  successThreshold: 'tries',
  consecutiveErrors: 'errors',
  consecutive5xxErrors: 'errors',
  consecutiveGatewayErrors: 'errors',
  consecutiveLocalOriginFailures: 'errors',
  'outlierDetectionHttpErrorCodes[]': 'status',
  httpStatus: 'status',
  'directResponse.status': 'status',
  redirectCode: 'status',
  statusCode: 'status',
  minClusterSize: 'instances',
  concurrency: 'threads',
  tableSize: 'slots',
  minimumRingSize: 'slots',
  percent: 'percent',
  mirror_percent: 'percent',
  'percentage.value': 'percent',
  'mirrorPercentage.value': 'percent',
  'distribute[].to.*': 'percent',
  // Of the Gateway API a number of seconds; Istio writes a duration there.
  'cors.maxAge': 'seconds',
  'port.number': 'port',
  'ports[].number': 'port',
  'ports.*': 'port',
};

/** Numbers that count nothing but themselves: shares of a whole that they make together, ranks, and the two parts of a fraction. */
export const PLAIN: readonly string[] = ['weight', 'priority', 'aggression', 'fraction.numerator', 'fraction.denominator'];

const isEndOf = (end: string, path: string): boolean => path === end || path.endsWith(`.${end}`);

/** What a field is measured in; null where it is no number, or a plain count. */
export function unitOf({ path, type }: Pick<SchemaField, 'path' | 'type'>): Unit | null {
  if (type === 'duration') return 'duration';
  if (type !== 'integer' && type !== 'number' && type !== 'int-or-string') return null;
  const found = Object.entries(BY_NAME).find(([end]) => isEndOf(end, path));
  if (found) return found[1];
  const name = path.slice(path.lastIndexOf('.') + 1);
  if (/(^p|P)ort(Number)?$/.test(name)) return 'port';
  if (/Percent(age)?$/.test(name)) return 'percent';
  return name.endsWith('Seconds') ? 'seconds' : null;
}

/** The unit in the language of the window; empty where there is none. */
export function unitText(field: Pick<SchemaField, 'path' | 'type'>): string {
  const unit = unitOf(field);
  return unit === null ? '' : UNITS[unit][locale.language === 'zh' ? 1 : 0];
}

import { describe, expect, it } from 'vitest';
import type { CallerPressure, ServicePressure } from '../../wire/generated/types';
import { besideLimits, busiest, leftOut, LIMITS, OUTLIER, readLimits, refused, setLimit } from './limits';
import { readSubsets } from './route';

const rule = { spec: { host: 'reviews', trafficPolicy: { connectionPool: { tcp: { maxConnections: 10 }, http: { http2MaxRequests: 40, maxRetries: 2 } }, outlierDetection: { interval: '5s' } } } };

describe('limits', () => {
  it('are read from where Istio has them', () => {
    expect(readLimits(rule)).toEqual({ of: { connections: 10, waiting: null, requests: 40 }, errors: null, interval: '5s', away: '', most: null, watches: true });
    expect(readLimits({ spec: 'x' }).watches).toBe(false);
  });

  it('that are taken away take with them what then holds nothing, and no more', () => {
    const [connections, , requests] = LIMITS;
    expect(setLimit(rule, connections.at, null).map(({ op, path }) => `${op} ${path}`)).toEqual(['remove /spec/trafficPolicy/connectionPool/tcp']);
    expect(setLimit(rule, requests.at, null).map(({ path }) => path)).toEqual(['/spec/trafficPolicy/connectionPool/http/http2MaxRequests']);
    const alone = { spec: { host: 'x', trafficPolicy: { outlierDetection: { interval: '5s' } } } };
    expect(setLimit(alone, OUTLIER.interval, '').map(({ path }) => path)).toEqual(['/spec/trafficPolicy']);
    expect(setLimit(rule, connections.at, 10)).toEqual([]);
    expect(setLimit(rule, connections.at, 11)).toEqual([{ op: 'set', path: connections.at, value: 11, to: null }]);
    expect(setLimit(rule, OUTLIER.away, '')).toEqual([]);
  });
});

const cluster = { port: '80', subset: '', connections: 1, waiting: 0, requests: 2, instances: 3, leftOut: 0, mostConnections: null, mostWaiting: null, mostRequests: null, refused: null };
const caller = (pod: string, ...clusters: CallerPressure['clusters']): CallerPressure => ({ namespace: 'a', pod, workload: 'w', clusters });

describe('what callers have under way', () => {
  const pressure: ServicePressure = { callers: [caller('one', cluster, { ...cluster, subset: 'v1', requests: 7, refused: 2 }), caller('two', { ...cluster, requests: 5, instances: 2, leftOut: 1, refused: 3 })], unknown: [] };

  it('is told of the busiest, for each has its limits for itself', () => {
    expect(busiest(pressure, 'requests')).toEqual({ value: 7, who: 'one' });
    expect(refused(pressure)).toBe(5);
    expect(leftOut(pressure)).toEqual({ out: 1, of: 2 });
  });

  it('is not known where nobody tells', () => {
    const nobody: ServicePressure = { callers: [caller('one', cluster)], unknown: [] };
    expect(refused(nobody)).toBeNull();
    expect(busiest({ callers: [], unknown: [] }, 'requests')).toBeNull();
    expect(leftOut({ callers: [], unknown: [] })).toBeNull();
  });
});

it('keeps as written only what the limits do not show', () => {
  const kept = (policy: object): unknown[] => {
    const value = { spec: { host: 'a', exportTo: ['.'], trafficPolicy: policy } };
    return besideLimits(value, readSubsets(value).kept).map(({ pointer, name }) => [pointer, name]);
  };
  expect(kept({ connectionPool: { tcp: { maxConnections: 1 }, http: { http2MaxRequests: 2 } }, outlierDetection: { interval: '5s' } })).toEqual([['/spec/exportTo', 'exportTo']]);
  expect(kept({ connectionPool: { tcp: { connectTimeout: '1s' } }, tls: { mode: 'DISABLE' } })).toEqual([
    ['/spec/exportTo', 'exportTo'],
    ['/spec/trafficPolicy/connectionPool/tcp/connectTimeout', 'trafficPolicy.connectionPool.tcp.connectTimeout'],
    ['/spec/trafficPolicy/tls', 'trafficPolicy.tls'],
  ]);
});

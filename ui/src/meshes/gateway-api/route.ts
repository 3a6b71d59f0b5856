/**
 * The routes of the Gateway API, read into the model of all routes, and how they are written. What the form below the picture edits (filters,
 * time limits) is named in the picture, and edited there.
 */
import { brief, isRecord, listOf, numberOf, pointer, recordOf, textOf, textsOf, type JsonRecord } from '../../lib/json';
import { remove, set } from '../../lib/yaml-edits';
import type { ObjectRef, YamlEdit } from '../../wire/generated/types';
import { keptOf, type Condition, type Destination, type Dialect, type How, type Kept, type Match, type Mirror, type Route, type Rule, type Subject, type Target } from '../routing';
import { shares } from '../weights';

const GROUP = 'gateway.networking.k8s.io';
/** Kinds whose rules compare parts of a request, and that answer 500 themselves where a rule has no backend with a weight. */
const REQUESTS = ['HTTPRoute', 'GRPCRoute'];
const CONNECTIONS = ['TLSRoute', 'TCPRoute', 'UDPRoute'];

/** How this kind of route is written; null for an object of another kind. */
export function apiDialect({ group, kind }: Pick<ObjectRef, 'group' | 'kind'>): Dialect | null {
  if (group !== GROUP) return null;
  if (REQUESTS.includes(kind)) return { ...DIALECT, read: (value) => readApiRoute(value, true) };
  return CONNECTIONS.includes(kind) ? { ...DIALECT, fresh: null } : null;
}

const DIALECT: Dialect = {
  read: (value) => readApiRoute(value, false),
  rules: '/spec/rules',
  destinations: 'backendRefs',
  item: (target, weight) => ({ ...backend(target), ...(weight === null ? {} : { weight }) }),
  retarget,
  fresh: (backendRefs) => ({ matches: [{ headers: [{ name: 'x-canary', value: 'true' }] }], backendRefs }),
  isOrdered: false,
};

/** `reviews.prod` is the service of another namespace: names of services have no dots. */
const split = (host: string): { name: string; namespace: string } => {
  const dot = host.indexOf('.');
  return dot < 0 ? { name: host, namespace: '' } : { name: host.slice(0, dot), namespace: host.slice(dot + 1) };
};

const backend = ({ host, port }: Target): JsonRecord => {
  const { name, namespace } = split(host);
  return { name, ...(namespace === '' ? {} : { namespace }), ...(port === null ? {} : { port }) };
};

function retarget(now: Destination, target: Target): YamlEdit[] {
  const was = split(now.host);
  const { name, namespace } = split(target.host);
  const field = (of: string): string => pointer(now.pointer, of);
  const port = target.port === null ? [remove(field('port'))] : [set(field('port'), target.port)];
  if (now.kept.some((kept) => kept.name === 'kind')) return now.host === target.host ? [] : [set(field('name'), target.host)];
  return [
    ...(was.name === name ? [] : [set(field('name'), name)]),
    ...(was.namespace === namespace ? [] : [namespace === '' ? remove(field('namespace')) : set(field('namespace'), namespace)]),
    ...(now.port === target.port ? [] : port),
  ];
}

function readApiRoute(value: unknown, isOfRequests: boolean): Route {
  const spec = recordOf(recordOf(value)['spec']);
  return {
    hosts: textsOf(spec['hostnames']),
    gateways: listOf(spec['parentRefs']).map((parent) => textOf(recordOf(parent)['name'])),
    rules: listOf(spec['rules']).map((rule, index) => readRule(recordOf(rule), pointer('/spec/rules', index), isOfRequests)),
    kept: [],
  };
}

/**
 * A rule of HTTPRoute and GRPCRoute without a weight that counts answers 500.
 * Source: kubernetes-sigs/gateway-api apis/v1/httproute_types.go, HTTPRouteRule.BackendRefs; istio/istio pilot/pkg/config/kube/gateway,
 * convertHTTPRoute.
 */
function readRule(rule: JsonRecord, at: string, isOfRequests: boolean): Rule {
  const destinations = readBackends(rule['backendRefs'], pointer(at, 'backendRefs'));
  const filters = listOf(rule['filters']).map((filter, index) => ({ filter: recordOf(filter), here: pointer(at, 'filters', index) }));
  const one = (field: string): JsonRecord => recordOf(filters.find(({ filter }) => isRecord(filter[field]))?.filter[field]);
  const redirect = one('requestRedirect');
  const isRedirect = filters.some(({ filter }) => isRecord(filter['requestRedirect']));
  const goesNowhere = isOfRequests && !isRedirect && !destinations.some(({ share }) => share > 0);
  const timeouts = recordOf(rule['timeouts']);
  return {
    pointer: at,
    name: textOf(rule['name']),
    matches: listOf(rule['matches']).map((match, index) => readMatch(recordOf(match), pointer(at, 'matches', index))),
    destinations,
    timeout: textOf(timeouts['request']),
    retries: null,
    delay: null,
    abort: null,
    mirrors: filters.flatMap(({ filter, here }) => readMirror(filter['requestMirror'], pointer(here, 'requestMirror'))),
    rewrite: null,
    redirect: isRedirect
      ? { path: pathOf(redirect['path']), authority: [textOf(redirect['scheme']), textOf(redirect['hostname'])].filter(Boolean).join('://'), code: numberOf(redirect['statusCode']) }
      : null,
    direct: goesNowhere ? { status: 500 } : null,
    filters: [...filters.flatMap(({ filter, here }) => readFilter(filter, here)), ...keptOf(rule, at, ['name', 'matches', 'filters', 'backendRefs'])],
    kept: [],
  };
}

const pathOf = (value: unknown): string => {
  const path = recordOf(value);
  return textOf(path['replaceFullPath']) || textOf(path['replacePrefixMatch']);
};

/** A filter by what it holds: `requestHeaderModifier` and so on. A mirror and a redirect are drawn. */
const readFilter = (filter: JsonRecord, here: string): Kept[] =>
  keptOf(filter, here, ['type', 'requestMirror', 'requestRedirect']).map((kept) => ({ ...kept, text: brief(filter[kept.name], 200) }));

function readMirror(value: unknown, at: string): Mirror[] {
  if (!isRecord(value)) return [];
  const fraction = recordOf(value['fraction']);
  const part = numberOf(fraction['numerator']);
  const percent = numberOf(value['percent']) ?? (part === null ? null : (part / (numberOf(fraction['denominator']) ?? 100)) * 100);
  return [{ pointer: pointer(at, 'backendRef'), ...readTarget(recordOf(value['backendRef'])), percent, percentPointer: pointer(at, 'percent') }];
}

/** A service of another namespace is `name.namespace`; what is no Service has its name alone. */
function readTarget(ref: JsonRecord): Target {
  const isService = (textOf(ref['kind']) || 'Service') === 'Service';
  const namespace = isService ? textOf(ref['namespace']) : '';
  return { host: [textOf(ref['name']), namespace].filter(Boolean).join('.'), subset: '', port: numberOf(ref['port']) };
}

/** A weight that is not written is 1. */
function readBackends(value: unknown, at: string): Destination[] {
  const items = listOf(value).map(recordOf);
  const weights = items.map((item) => numberOf(item['weight']) ?? 1);
  const share = weights[0] === 0 && weights.length === 1 ? [0] : shares(weights);
  return items.map((item, index) => ({
    pointer: pointer(at, index),
    ...readTarget(item),
    weight: weights[index] ?? 1,
    share: share[index] ?? 0,
    kept: keptOf(item, pointer(at, index), ['name', 'namespace', 'port', 'weight', ...(textOf(item['kind']) === 'Service' ? ['kind', 'group'] : [])]),
  }));
}

const HOWS: Readonly<Record<string, How>> = { PathPrefix: 'prefix', RegularExpression: 'regex' };

function readMatch(match: JsonRecord, at: string): Match {
  const condition = (subject: Subject, name: string, of: JsonRecord, value: string, here: string): Condition => ({
    pointer: here,
    subject,
    name,
    how: HOWS[textOf(of['type'])] ?? 'exact',
    value,
  });
  const list = (field: string, subject: Subject): Condition[] =>
    listOf(match[field]).map(recordOf).map((one, index) => condition(subject, textOf(one['name']), one, textOf(one['value']), pointer(at, field, index)));
  const path = recordOf(match['path']);
  const call = recordOf(match['method']);
  const method = isRecord(match['method']) ? [textOf(call['service']) || '*', textOf(call['method']) || '*'].join('/') : textOf(match['method']);
  return {
    pointer: at,
    conditions: [
      ...(method === '' ? [] : [condition('method', '', call, method, pointer(at, 'method'))]),
      // Where its type is not written it is a prefix.
      ...(isRecord(match['path']) ? [condition('path', '', { type: textOf(path['type']) || 'PathPrefix' }, textOf(path['value']) || '/', pointer(at, 'path'))] : []),
      ...list('headers', 'header'),
      ...list('queryParams', 'query'),
    ],
    kept: keptOf(match, at, ['method', 'path', 'headers', 'queryParams']),
  };
}

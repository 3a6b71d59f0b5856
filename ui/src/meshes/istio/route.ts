/**
 * A service's route as VirtualService and DestinationRule say it: one reading of the two documents. What the reading
 * does not know is kept by name and place, so the form can show it and nothing is lost.
 */
import { brief, isRecord, listOf, numberOf, pointer, recordOf, textOf, textsOf } from '../../lib/json';
import type { JsonRecord } from '../../lib/json';
import { keptOf, type Condition, type Destination, type How, type Kept, type Match, type Mirror, type Retries, type Route, type Rule, type Subject } from '../routing';
import { shares } from '../weights';

export interface Subset {
  pointer: string;
  name: string;
  labels: { key: string; value: string; pointer: string }[];
  kept: Kept[];
}

export interface Subsets {
  host: string;
  subsets: Subset[];
  kept: Kept[];
}

/** Reads the value of a VirtualService. */
export const readRoute = (value: unknown): Route => {
  const spec = recordOf(recordOf(value)['spec']);
  return {
    hosts: textsOf(spec['hosts']),
    gateways: textsOf(spec['gateways']),
    rules: listOf(spec['http']).map((rule, index) => readRule(rule, pointer('/spec/http', index))),
    kept: keptOf(spec, '/spec', ['hosts', 'gateways', 'http']),
  };
};

const RULE_FIELDS = ['name', 'match', 'route', 'timeout', 'retries', 'fault', 'mirror', 'mirrors', 'mirrorPercentage'];
const RULE_TARGETS = ['rewrite', 'redirect', 'directResponse'];

const readRule = (value: unknown, at: string): Rule => {
  const rule = recordOf(value);
  const fault = recordOf(rule['fault']);
  return {
    pointer: at,
    name: textOf(rule['name']),
    matches: listOf(rule['match']).map((match, index) => readMatch(match, pointer(at, 'match', index))),
    destinations: readDestinations(rule['route'], pointer(at, 'route')),
    timeout: textOf(rule['timeout']),
    retries: readRetries(rule['retries']),
    delay: isRecord(fault['delay'])
      ? { fixedDelay: textOf(fault['delay']['fixedDelay']), percent: percentOf(fault['delay']) }
      : null,
    abort: isRecord(fault['abort']) ? { status: numberOf(fault['abort']['httpStatus']), percent: percentOf(fault['abort']) } : null,
    mirrors: readMirrors(rule, at),
    rewrite: isRecord(rule['rewrite'])
      ? { path: textOf(rule['rewrite']['uri']), authority: textOf(rule['rewrite']['authority']) }
      : null,
    redirect: isRecord(rule['redirect'])
      ? {
          path: textOf(rule['redirect']['uri']),
          authority: textOf(rule['redirect']['authority']),
          code: numberOf(rule['redirect']['redirectCode']),
        }
      : null,
    direct: isRecord(rule['directResponse']) ? { status: numberOf(rule['directResponse']['status']) } : null,
    filters: [],
    kept: [
      ...keptOf(rule, at, [...RULE_FIELDS, ...RULE_TARGETS]),
      ...keptOf(recordOf(rule['retries']), pointer(at, 'retries'), ['attempts', 'perTryTimeout', 'retryOn']),
      ...keptOf(fault, pointer(at, 'fault'), ['delay', 'abort']),
      ...keptOf(recordOf(fault['delay']), pointer(at, 'fault', 'delay'), ['fixedDelay', 'percentage', 'percent']),
      ...keptOf(recordOf(fault['abort']), pointer(at, 'fault', 'abort'), ['httpStatus', 'percentage']),
      ...keptOf(recordOf(rule['rewrite']), pointer(at, 'rewrite'), ['uri', 'authority']),
      ...keptOf(recordOf(rule['redirect']), pointer(at, 'redirect'), ['uri', 'authority', 'redirectCode']),
      ...keptOf(recordOf(rule['directResponse']), pointer(at, 'directResponse'), ['status']),
    ],
  };
};

const readRetries = (value: unknown): Retries | null => {
  if (!isRecord(value)) return null;
  return { attempts: numberOf(value['attempts']), perTryTimeout: textOf(value['perTryTimeout']), on: textOf(value['retryOn']) };
};

/** `percentage: {value: 12.5}`, or the old whole `percent` of delays. */
const percentOf = (holder: JsonRecord): number | null =>
  numberOf(recordOf(holder['percentage'])['value']) ?? numberOf(holder['percent']);

const readDestinations = (value: unknown, at: string): Destination[] => {
  const items = listOf(value).map(recordOf);
  const share = shares(items.map((item) => numberOf(item['weight'])));
  return items.map((item, index) => {
    const here = pointer(at, index);
    const target = recordOf(item['destination']);
    return {
      pointer: here,
      ...readTarget(target),
      weight: numberOf(item['weight']),
      share: share[index] ?? 0,
      kept: [
        ...keptOf(item, here, ['destination', 'weight']),
        ...keptOf(target, pointer(here, 'destination'), ['host', 'subset', 'port']),
      ],
    };
  });
};

const readTarget = (target: JsonRecord): { host: string; subset: string; port: number | null } => ({
  host: textOf(target['host']),
  subset: textOf(target['subset']),
  port: numberOf(recordOf(target['port'])['number']),
});

/** The single `mirror` and the list `mirrors`; each is edited where it is written. */
const readMirrors = (rule: JsonRecord, at: string): Mirror[] => {
  const single: Mirror[] = isRecord(rule['mirror'])
    ? [
        {
          pointer: pointer(at, 'mirror'),
          ...readTarget(rule['mirror']),
          percent: numberOf(recordOf(rule['mirrorPercentage'])['value']),
          percentPointer: pointer(at, 'mirrorPercentage', 'value'),
        },
      ]
    : [];
  const many = listOf(rule['mirrors']).map((item, index): Mirror => {
    const here = pointer(at, 'mirrors', index);
    return {
      pointer: pointer(here, 'destination'),
      ...readTarget(recordOf(recordOf(item)['destination'])),
      percent: numberOf(recordOf(recordOf(item)['percentage'])['value']),
      percentPointer: pointer(here, 'percentage', 'value'),
    };
  });
  return [...single, ...many];
};

/** The fields of a match that compare one text; the order is the order in which the form shows them. */
const MATCH_FIELDS: readonly { subject: Subject; field: string; kind: 'string' | 'map' | 'labels' | 'plain' | 'list' }[] =
  [
    { subject: 'method', field: 'method', kind: 'string' },
    { subject: 'path', field: 'uri', kind: 'string' },
    { subject: 'authority', field: 'authority', kind: 'string' },
    { subject: 'scheme', field: 'scheme', kind: 'string' },
    { subject: 'header', field: 'headers', kind: 'map' },
    { subject: 'withoutHeader', field: 'withoutHeaders', kind: 'map' },
    { subject: 'query', field: 'queryParams', kind: 'map' },
    { subject: 'port', field: 'port', kind: 'plain' },
    { subject: 'sourceNamespace', field: 'sourceNamespace', kind: 'plain' },
    { subject: 'sourceLabel', field: 'sourceLabels', kind: 'labels' },
    { subject: 'gateway', field: 'gateways', kind: 'list' },
  ];

/** How a subject is written in a match. */
export const matchField = (subject: Subject): (typeof MATCH_FIELDS)[number] => {
  const found = MATCH_FIELDS.find((field) => field.subject === subject);
  if (!found) throw new Error(`no field for ${subject}`);
  return found;
};

const readMatch = (value: unknown, at: string): Match => {
  const match = recordOf(value);
  const conditions = MATCH_FIELDS.flatMap(({ subject, field, kind }): Condition[] => {
    const written = match[field];
    const here = pointer(at, field);
    if (written === undefined || written === null) return [];
    switch (kind) {
      case 'string':
        return [{ pointer: here, subject, name: '', ...readStringMatch(written) }];
      case 'map':
        return Object.entries(recordOf(written)).map(([name, text]) => ({
          pointer: pointer(here, name),
          subject,
          name,
          ...readStringMatch(text),
        }));
      case 'labels':
        return Object.entries(recordOf(written)).map(([name, text]) => ({
          pointer: pointer(here, name),
          subject,
          name,
          how: 'is' as const,
          value: String(text),
        }));
      case 'plain':
        return [{ pointer: here, subject, name: '', how: 'is', value: brief(written) }];
      case 'list':
        return textsOf(written).map((text, index) => ({
          pointer: pointer(here, index),
          subject,
          name: '',
          how: 'is' as const,
          value: text,
        }));
    }
  });
  return { pointer: at, conditions, kept: keptOf(match, at, MATCH_FIELDS.map(({ field }) => field)) };
};

const readStringMatch = (value: unknown): { how: How; value: string } => {
  const match = recordOf(value);
  for (const how of ['exact', 'prefix', 'regex'] as const) {
    if (match[how] !== undefined) return { how, value: brief(match[how], 10_000) };
  }
  return { how: 'present', value: '' };
};

/** Reads the value of a DestinationRule. */
export const readSubsets = (value: unknown): Subsets => {
  const spec = recordOf(recordOf(value)['spec']);
  return {
    host: textOf(spec['host']),
    subsets: listOf(spec['subsets']).map((item, index) => {
      const at = pointer('/spec/subsets', index);
      const subset = recordOf(item);
      return {
        pointer: at,
        name: textOf(subset['name']),
        labels: Object.entries(recordOf(subset['labels'])).map(([key, text]) => ({
          key,
          value: String(text),
          pointer: pointer(at, 'labels', key),
        })),
        kept: keptOf(subset, at, ['name', 'labels']),
      };
    }),
    kept: keptOf(spec, '/spec', ['host', 'subsets']),
  };
};

/** Which service a host names, seen from an object's namespace; null for a name outside the cluster or a wildcard. */
export const serviceOfHost = (host: string, namespace: string): { namespace: string; name: string } | null => {
  if (host.includes('*') || host === '') return null;
  const [name = '', in_ = '', kind = '', ...rest] = host.split('.');
  if (in_ === '') return { namespace, name };
  if (kind === '') return null;
  if (kind !== 'svc') return null;
  return rest.length === 0 || rest.join('.').endsWith('local') ? { namespace: in_, name } : null;
};

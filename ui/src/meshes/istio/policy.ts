/** Who may call whom, as PeerAuthentication and AuthorizationPolicy say it: one reading of each document. */
import { brief, isRecord, listOf, pointer, recordOf, textOf, textsOf } from '../../lib/json';
import type { JsonRecord } from '../../lib/json';
import { keptOf } from '../routing';
import type { Kept } from '../routing';

export const MTLS_MODES = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'] as const;
export type MtlsMode = (typeof MTLS_MODES)[number];

export interface Label {
  key: string;
  value: string;
  pointer: string;
}

/** `null` labels: the whole namespace (or, in the root namespace, the whole mesh). */
export type Selector = Label[];

export interface PeerPolicy {
  selector: Selector;
  /** As written; empty where nothing is written, which inherits. */
  mode: string;
  ports: { port: string; mode: string; pointer: string }[];
  kept: Kept[];
}

export const ACTIONS = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] as const;
export type Action = (typeof ACTIONS)[number];

export const SOURCE_FIELDS = [
  'principals',
  'serviceAccounts',
  'namespaces',
  'ipBlocks',
  'remoteIpBlocks',
  'requestPrincipals',
] as const;
export type SourceField = (typeof SOURCE_FIELDS)[number];

export const OPERATION_FIELDS = ['methods', 'paths', 'hosts', 'ports'] as const;
export type OperationField = (typeof OPERATION_FIELDS)[number];

export type Field = SourceField | OperationField;

/** One list of a source or an operation: any of its values, or with `isNot` none of them. */
export interface Values {
  pointer: string;
  field: Field;
  isNot: boolean;
  values: string[];
}

/** A source or an operation: all of its lists have to hold. */
export interface Block {
  pointer: string;
  lists: Values[];
  kept: Kept[];
}

export interface When {
  pointer: string;
  key: string;
  values: string[];
  notValues: string[];
}

/** From any source, to any operation, when all conditions hold. A missing part holds for everybody. */
export interface PolicyRule {
  pointer: string;
  from: Block[];
  to: Block[];
  when: When[];
  kept: Kept[];
}

export interface AuthorizationRules {
  selector: Selector;
  /** As written; empty means ALLOW. */
  action: string;
  /** `null`: not written at all, which is another thing than a list with one empty rule. */
  rules: PolicyRule[] | null;
  targets: { pointer: string; kind: string; name: string }[];
  kept: Kept[];
}

const readSelector = (spec: JsonRecord): Selector =>
  Object.entries(recordOf(recordOf(spec['selector'])['matchLabels'])).map(([key, value]) => ({
    key,
    value: brief(value),
    pointer: pointer('/spec/selector/matchLabels', key),
  }));

export const readPeerPolicy = (value: unknown): PeerPolicy => {
  const spec = recordOf(recordOf(value)['spec']);
  return {
    selector: readSelector(spec),
    mode: textOf(recordOf(spec['mtls'])['mode']),
    ports: Object.entries(recordOf(spec['portLevelMtls'])).map(([port, mtls]) => ({
      port,
      mode: textOf(recordOf(mtls)['mode']),
      pointer: pointer('/spec/portLevelMtls', port),
    })),
    kept: keptOf(spec, '/spec', ['selector', 'mtls', 'portLevelMtls']),
  };
};

export const readAuthorization = (value: unknown): AuthorizationRules => {
  const spec = recordOf(recordOf(value)['spec']);
  return {
    selector: readSelector(spec),
    action: textOf(spec['action']),
    rules: Array.isArray(spec['rules']) ? spec['rules'].map((rule, index) => readRule(rule, pointer('/spec/rules', index))) : null,
    targets: listOf(spec['targetRefs']).map((item, index) => {
      const target = recordOf(item);
      return { pointer: pointer('/spec/targetRefs', index), kind: textOf(target['kind']), name: textOf(target['name']) };
    }),
    kept: keptOf(spec, '/spec', ['selector', 'action', 'rules', 'targetRefs']),
  };
};

const readRule = (value: unknown, at: string): PolicyRule => {
  const rule = recordOf(value);
  return {
    pointer: at,
    from: listOf(rule['from']).map((item, index) =>
      readBlock(recordOf(item)['source'], pointer(at, 'from', index, 'source'), SOURCE_FIELDS),
    ),
    to: listOf(rule['to']).map((item, index) =>
      readBlock(recordOf(item)['operation'], pointer(at, 'to', index, 'operation'), OPERATION_FIELDS),
    ),
    when: listOf(rule['when']).map((item, index) => {
      const when = recordOf(item);
      return {
        pointer: pointer(at, 'when', index),
        key: textOf(when['key']),
        values: textsOf(when['values']),
        notValues: textsOf(when['notValues']),
      };
    }),
    kept: keptOf(rule, at, ['from', 'to', 'when']),
  };
};

/** `principals` and its not-form `notPrincipals`. */
export const written = (field: Field, isNot: boolean): string =>
  isNot ? `not${field.charAt(0).toUpperCase()}${field.slice(1)}` : field;

const readBlock = (value: unknown, at: string, fields: readonly Field[]): Block => {
  const block = recordOf(value);
  const lists = fields.flatMap((field) =>
    [false, true].flatMap((isNot): Values[] => {
      const name = written(field, isNot);
      return isRecord(value) && Array.isArray(block[name])
        ? [{ pointer: pointer(at, name), field, isNot, values: textsOf(block[name]) }]
        : [];
    }),
  );
  const known = fields.flatMap((field) => [written(field, false), written(field, true)]);
  return { pointer: at, lists, kept: keptOf(block, at, known) };
};

/** Where Istio looks for the policy of the whole mesh, unless its configuration names another namespace. */
export const ROOT_NAMESPACE = 'istio-system';

export type Reach = 'mesh' | 'namespace' | 'workload';

export const reachOf = (selector: Selector, namespace: string, root = ROOT_NAMESPACE): Reach => {
  if (selector.length > 0) return 'workload';
  return namespace === root ? 'mesh' : 'namespace';
};

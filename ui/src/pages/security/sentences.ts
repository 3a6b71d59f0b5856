import type { AuthorizationRules, Field, PeerPolicy, Reach, Selector } from '../../meshes/istio/policy';
import { saysOf, type Clause, type Part, type Phrase } from '../../meshes/istio/policy-words';
import { t } from './words';

/** What a policy does, in sentences: `Only shop/productpage may GET /reviews/* on reviews`. */

/** A field's name, in words. */
export const fieldWord = (field: Field): string => (field === 'ports' ? t('ports_') : t(field));

export function targetWord(selector: Selector, namespace: string, reach: Reach, bound: readonly string[] = []): string {
  if (bound.length > 0) return bound.join(', ');
  if (reach === 'mesh') return t('reachMesh');
  if (reach === 'namespace') return t('reachNamespace', { namespace });
  const app = selector.find(({ key }) => key === 'app');
  return selector.length === 1 && app ? app.value : selector.map(({ key, value }) => `${key}=${value}`).join(', ');
}

export function peerSentences(policy: PeerPolicy, namespace: string, reach: Reach): string[] {
  const where = targetWord(policy.selector, namespace, reach);
  const first =
    policy.mode === 'STRICT'
      ? t('saysStrict', { where })
      : policy.mode === 'PERMISSIVE'
        ? t('saysPermissive', { where })
        : policy.mode === 'DISABLE'
          ? t('saysDisable', { where })
          : t('saysInherit', { where });
  return [reach === 'workload' ? first : capital(first), ...policy.ports.map(({ port, mode }) => t('saysPort', { port, mode }))];
}

export function authorizationSentences(policy: AuthorizationRules, target: string): string[] {
  const says = saysOf(policy);
  switch (says.kind) {
    case 'allow-nothing':
      return [t('allowNothing', { target })];
    case 'allow-all':
      return [t('allowAll', { target })];
    case 'deny-nothing':
      return [t('denyNothing')];
    case 'deny-all':
      return [t('denyAll', { target })];
    case 'rules':
      return says.clauses.map((clause, index) => {
        const said = sentence(clause, says.action, target, index > 0);
        return startsWithName(clause) ? said : capital(said);
      });
  }
}

function sentence(clause: Clause, action: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM', target: string, isNext: boolean): string {
  const who = alternatives(clause.who) || t('everybody');
  const what = alternatives(clause.what.map(operation)) || t('callAnything');
  const words = { who, what, target };
  const said =
    action === 'DENY'
      ? t('mayNot', words)
      : action === 'AUDIT'
        ? t('audited', words)
        : action === 'CUSTOM'
          ? t('custom', words)
          : isNext || clause.who.length === 0
            ? t('alsoMay', { who, what })
            : t('onlyMay', words);
  const conditions = clause.when.map(({ key, values, isNot }) => `${key} ${isNot ? t('isNone') : t('isAny')} ${values.join(', ')}`);
  return conditions.length === 0 ? said : `${said} ${t('whenClause', { condition: conditions.join(` ${t('and')} `) })}`;
}

const alternatives = (phrases: readonly (Phrase | string)[]): string =>
  phrases.map((phrase) => (typeof phrase === 'string' ? phrase : phrase.map(callers).join(` ${t('and')} `))).join(` ${t('or')} `);

const valuesOf = ({ isNot, values }: Part): string => (isNot ? t('not', { values: values.join(', ') }) : values.join(', '));

function callers(part: Part): string {
  const values = part.values.join(', ');
  switch (part.field) {
    case 'namespaces':
      return part.isNot ? t('outsideNamespace', { values }) : t('inNamespace', { values });
    case 'ipBlocks':
    case 'remoteIpBlocks':
      return part.isNot ? t('awayFromIp', { values }) : t('fromIp', { values });
    case 'requestPrincipals':
      return part.isNot ? t('withoutToken', { values }) : t('withToken', { values });
    default:
      return part.isNot ? t('anyoneBut', { values }) : t('identity', { values });
  }
}

/** A sentence that begins with a name from the cluster keeps it as it is. */
const startsWithName = ({ who }: Clause): boolean => {
  const first = who[0]?.[0];
  return first !== undefined && !first.isNot && (first.field === 'principals' || first.field === 'serviceAccounts');
};

/** `GET /reviews/* at port 9080`: the method is the verb, where there is one. */
function operation(phrase: Phrase): string {
  const of = (field: Field): Part | undefined => phrase.find((part) => part.field === field);
  const [methods, paths, hosts, ports] = [of('methods'), of('paths'), of('hosts'), of('ports')];
  const verb = methods ? [valuesOf(methods), paths ? valuesOf(paths) : ''].filter(Boolean).join(' ') : paths ? t('call', { values: valuesOf(paths) }) : '';
  const where = [hosts ? t('onHost', { values: valuesOf(hosts) }) : '', ports ? t('onPort', { values: valuesOf(ports) }) : ''].filter(Boolean).join(' ');
  if (verb === '') return t('call', { values: where });
  return [verb, where].filter(Boolean).join(' · ');
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

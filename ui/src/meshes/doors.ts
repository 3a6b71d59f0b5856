/** A gateway as its doors: ports, the hosts behind each, and the certificates that are shown there. Of Istio's Gateway, and of the Gateway API's. */
import { isRecord, listOf, numberOf, pointer, recordOf, textOf, textsOf, type JsonRecord } from '../lib/json';
import type { ObjectRef } from '../wire/generated/types';

export interface Certificate {
  readonly name: string;
  readonly pointer: string;
}

export interface Door {
  readonly pointer: string;
  readonly name: string;
  readonly port: number | null;
  readonly protocol: string;
  /** Empty where every host comes in. */
  readonly hosts: readonly string[];
  readonly hostsPointer: string;
  /** How TLS is met here: SIMPLE, MUTUAL, Terminate, Passthrough …; empty without TLS. */
  readonly tls: string;
  /** Requests in plaintext are sent to HTTPS. */
  readonly isRedirect: boolean;
  readonly certificates: readonly Certificate[];
}

type Reader = (spec: JsonRecord) => Door[];

const servers: Reader = (spec) =>
  listOf(spec['servers']).filter(isRecord).map((server, i) => {
    const at = pointer('/spec', 'servers', i);
    const port = recordOf(server['port']);
    const tls = recordOf(server['tls']);
    const tlsAt = pointer(at, 'tls');
    const files = ['serverCertificate', 'caCertificates'].flatMap((field) => (textOf(tls[field]) ? [{ name: textOf(tls[field]), pointer: pointer(tlsAt, field) }] : []));
    const one = textOf(tls['credentialName']) ? [{ name: textOf(tls['credentialName']), pointer: pointer(tlsAt, 'credentialName') }] : [];
    const many = textsOf(tls['credentialNames']).map((name, n) => ({ name, pointer: pointer(tlsAt, 'credentialNames', n) }));
    return {
      pointer: at,
      name: textOf(server['name']) || textOf(port['name']),
      port: numberOf(port['number']),
      protocol: textOf(port['protocol']),
      hosts: textsOf(server['hosts']).filter((host) => host !== '*'),
      hostsPointer: pointer(at, 'hosts'),
      tls: textOf(tls['mode']),
      isRedirect: tls['httpsRedirect'] === true,
      certificates: [...one, ...many, ...files],
    };
  });

const listeners: Reader = (spec) =>
  listOf(spec['listeners']).filter(isRecord).map((listener, i) => {
    const at = pointer('/spec', 'listeners', i);
    const tls = recordOf(listener['tls']);
    const host = textOf(listener['hostname']);
    const references = listOf(tls['certificateRefs']).filter(isRecord);
    return {
      pointer: at,
      name: textOf(listener['name']),
      port: numberOf(listener['port']),
      protocol: textOf(listener['protocol']),
      hosts: host === '' ? [] : [host],
      hostsPointer: pointer(at, 'hostname'),
      tls: isRecord(listener['tls']) ? textOf(tls['mode']) || 'Terminate' : '',
      isRedirect: false,
      certificates: references.map((one, n) => ({ name: [textOf(one['namespace']), textOf(one['name'])].filter(Boolean).join('/'), pointer: pointer(at, 'tls', 'certificateRefs', n) })),
    };
  });

const READERS: Readonly<Record<string, Reader>> = {
  'networking.istio.io/Gateway': servers,
  'gateway.networking.k8s.io/Gateway': listeners,
  'gateway.networking.k8s.io/ListenerSet': listeners,
};

/** The doors of a gateway; null for an object of another kind. */
export function doorsOf({ group, kind }: Pick<ObjectRef, 'group' | 'kind'>, value: unknown): Door[] | null {
  const read = READERS[`${group}/${kind}`];
  return read ? read(recordOf(recordOf(value)['spec'])) : null;
}

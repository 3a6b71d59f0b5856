import { objectPlace } from '../../state/links';
import { route, type Params } from '../../state/route.svelte';
import type { Caller, ObjectRef, Request } from '../../wire/generated/types';

/** What the form asks; it lives in the address, so that a question can be passed on as a link. */
export type Question = { readonly from: string; readonly via: string; readonly method: string; readonly url: string; readonly headers: string };

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;

export const questionOf = (params: Params): Question => ({
  from: params['from'] ?? '',
  via: params['via'] ?? '',
  method: params['method'] ?? 'GET',
  url: params['url'] ?? '',
  headers: params['headers'] ?? '',
});

/** `prod/reviews-v1` is a workload; an IP address is somebody outside. */
export function callerOf(from: string): Caller | null {
  const [namespace = '', workload, ...rest] = from.trim().split('/');
  if (rest.length > 0 || namespace === '') return null;
  if (workload) return { namespace, workload };
  return workload === undefined && /^[\d.]+$|:/.test(namespace) ? { outside: namespace } : null;
}

/** `end-user: jason; x-test: 1`; null where it is not of that form. */
export function headersOf(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const part of text.split(/[;\n]/).map((one) => one.trim()).filter(Boolean)) {
    // A pseudo header (`:authority`) starts with the sign that ends a name.
    const at = part.indexOf(':', 1);
    const name = part.slice(0, Math.max(0, at)).trim();
    if (!/^:?[\w!#$%&'*+.^`|~-]+$/.test(name)) return null;
    headers[name] = part.slice(at + 1).trim();
  }
  return headers;
}

export function isUrl(text: string): boolean {
  try {
    const { protocol, hostname } = new URL(text);
    return ['http:', 'https:', 'grpc:', 'tcp:'].includes(protocol) && hostname !== '';
  } catch {
    return false;
  }
}

/** The request of a whole question; null while something in it is missing or wrong. */
export function requestOf(question: Question): Request | null {
  const from = callerOf(question.from);
  const headers = headersOf(question.headers);
  if (!from || !headers || !isUrl(question.url)) return null;
  return { id: 'ui', from, ...(question.via && from.outside ? { via: question.via } : {}), method: question.method, url: question.url, headers };
}

/** The same question for `netloft explain`. A request from outside goes by a file, as the command takes it. */
export function commandOf(request: Request, context: { readonly name: string; readonly demo: boolean }): string {
  const cluster = context.demo ? '--demo' : `--context ${quoted(context.name)}`;
  if (request.from.outside !== undefined) return `echo ${quoted(JSON.stringify(request))} | netloft explain ${cluster} --requests /dev/stdin`;
  const headers = Object.entries(request.headers).map(([name, value]) => ` --header ${quoted(`${name}:${value}`)}`);
  const from = `${request.from.namespace ?? ''}/${request.from.workload ?? ''}`;
  return `netloft explain ${cluster} --from ${quoted(from)} --url ${quoted(request.url)} --method ${quoted(request.method)}${headers.join('')}`;
}

/** Safe in a POSIX shell, whatever the cluster named it. */
export const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** `VirtualService shop/reviews` as an object's identity; null where it is not one. */
export function objectOf(said: string): ObjectRef | null {
  const match = /^([A-Z]\w+) (?:([^/\s]+)\/)?([^/\s]+)$/.exec(said);
  return match ? { group: '', kind: match[1] ?? '', namespace: match[2] ?? '', name: match[3] ?? '' } : null;
}

/** The address of the object and field that decided a step; none where no object did. */
export function placeHref(said: string, path: string | null): string | undefined {
  const object = objectOf(said);
  if (!object) return undefined;
  const { page, params } = objectPlace(object, path ?? '');
  return route.href(page, params);
}

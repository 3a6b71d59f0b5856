/** Reading values of unknown shape: what is not there, or is of another type, is simply absent. */

export type JsonRecord = Record<string, unknown>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const recordOf = (value: unknown): JsonRecord => (isRecord(value) ? value : {});

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** Strings of a list; numbers count, as YAML writers often forget the quotes. */
export const textsOf = (value: unknown): string[] =>
  listOf(value).filter((item) => typeof item === 'string' || typeof item === 'number').map(String);

const escape = (part: string | number): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
const unescape = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

/** The JSON pointer of `parts` below `base`. */
export const pointer = (base: string, ...parts: (string | number)[]): string =>
  parts.reduce<string>((path, part) => `${path}/${escape(part)}`, base);

export const partsOf = (path: string): string[] => (path === '' ? [] : path.slice(1).split('/').map(unescape));

/** The pointer of a field as findings write it (`spec.http[1].route`); a pointer stays one, nothing stays nothing. */
export const pointerOf = (path: string): string =>
  path === '' || path.startsWith('/') ? path : `/${path.replace(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`;

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** The value at a JSON pointer, or undefined. */
export const valueAt = (value: unknown, path: string): unknown =>
  partsOf(path).reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return at[Number(part)] as unknown;
    return isRecord(at) ? at[part] : undefined;
  }, value);

/** Whether two values mean the same; the order of names means nothing. */
export const isEqual = (a: unknown, b: unknown): boolean => {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  if (isRecord(a) && isRecord(b)) {
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => name in b && isEqual(a[name], b[name]));
  }
  return a === b;
};

/** A value in one short line, for rows that only show it. */
export const brief = (value: unknown, limit = 80): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
};

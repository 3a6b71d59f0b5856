/** Timeout and retries of a rule on a time line, at the longest: each try runs out of its time. */

/** One try, in seconds after the request came. */
export interface Try {
  readonly from: number;
  /** Null where nothing ends it. */
  readonly to: number | null;
  /** The time of the whole request is up in the middle of it, or before it. */
  readonly fate: 'whole' | 'cut' | 'never';
}

export interface Tries {
  readonly all: readonly Try[];
  /** How long the request may take in all; null without a limit. */
  readonly limit: number | null;
  /** How long one try may take; null where only the whole is limited. */
  readonly each: number | null;
  /** What the line is as long as; null where there is no end. */
  readonly length: number | null;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, 'µs': 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Seconds of a duration as `1.5s`, `500ms`, `1m30s`; null for no time, or what is none. */
export function seconds(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return null;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  const sum = parts.reduce((total, [, number = '0', unit = 's']) => total + Number(number) * (UNITS[unit] ?? 0), 0);
  return sum > 0 ? sum : null;
}

/** More than this many are not drawn one by one. */
const MOST = 12;

export function triesOf({ timeout, retries }: { readonly timeout: string; readonly retries: { readonly attempts: number | null; readonly perTryTimeout: string } | null }): Tries {
  const limit = seconds(timeout);
  const each = seconds(retries?.perTryTimeout ?? '');
  const count = Math.min(MOST, 1 + Math.max(0, Math.floor(retries?.attempts ?? 0)));
  // Without a time of its own a try may take all that is left: those after it are made where it fails sooner.
  if (each === null) {
    const all = Array.from({ length: count }, (_, i): Try => (i === 0 ? { from: 0, to: limit, fate: 'whole' } : { from: limit ?? 0, to: limit, fate: 'never' }));
    return { all, limit, each, length: limit };
  }
  const all = Array.from({ length: count }, (_, i): Try => {
    const from = i * each;
    const to = from + each;
    return { from, to, fate: limit === null || to <= limit ? 'whole' : from >= limit ? 'never' : 'cut' };
  });
  return { all, limit, each, length: limit === null ? count * each : Math.max(limit, count * each) };
}

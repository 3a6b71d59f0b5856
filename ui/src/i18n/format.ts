import { locale } from '../state/locale.svelte';

/** Numbers, rates, durations and times in the user's language. Each reads the language, so templates follow a switch. */

const cache = new Map<string, Intl.NumberFormat>();

function number(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale.language + JSON.stringify(options);
  let format = cache.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale.language, options);
    cache.set(key, format);
  }
  return format;
}

/** `1,234`; with at most this many digits after the point. */
export const count = (n: number, digits = 0): string => number({ maximumFractionDigits: digits }).format(n);

/** Three significant figures below a hundred, whole above: `0.42`, `12.8`, `128`, `1,420`. */
export function figure(n: number): string {
  // A rate that was subtracted away may be minus nothing.
  if (n === 0) return count(0);
  if (Math.abs(n) < 0.01) return `<${count(0.01, 2)}`;
  const size = Math.abs(n);
  return count(n, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** `12.8/s` */
export const rate = (perSecond: number): string => `${figure(perSecond)}/s`;

/** A share of one as `99.94 %`. Never rounds something small to none, nor something short of all to all. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.01) return `<${count(0.01, 2)} %`;
  if (value < 100 && value > 99.99) return `>${count(99.99, 2)} %`;
  const digits = value === 0 || value >= 100 ? 0 : value < 10 || value > 90 ? 2 : 1;
  return `${count(value, digits)} %`;
}

/** How much of another amount, where all is nothing special: `75.3 %`, `866 %`. */
export const ratio = (share: number): string => `${figure(share * 100)} %`;

/** Milliseconds as `41 ms`, `1.2 s`, `3 min 12 s`. */
export function millis(ms: number): string {
  if (ms < 1000) return `${figure(ms)} ms`;
  return duration(ms / 1000);
}

/** Seconds as `0.4 s`, `12 s`, `3 min 12 s`, `5 h 2 min`, `89 d`. */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 10) return `${count(s, 1)} s`;
  if (s < 60) return `${count(Math.floor(s))} s`;
  if (s < 3600) return pair(s, 60, 'min', 1, 's');
  if (s < 172_800) return pair(s, 3600, 'h', 60, 'min');
  return `${count(Math.floor(s / 86_400))} d`;
}

function pair(s: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(s / big);
  const rest = Math.floor((s % big) / small);
  return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`;
}

/** Seconds in their largest unit only, for columns: `53 min`, `21 h`, `89 d`. */
export function span(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 60) return `${count(Math.floor(s))} s`;
  if (s < 3600) return `${count(Math.floor(s / 60))} min`;
  return s < 172_800 ? `${count(Math.floor(s / 3600))} h` : `${count(Math.floor(s / 86_400))} d`;
}

/** Bytes as `62 Mi`, `1.4 Gi`: the units of Kubernetes. */
export function bytes(n: number): string {
  const units = ['B', 'Ki', 'Mi', 'Gi', 'Ti'];
  let value = n;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${count(value, value < 10 && unit > 0 ? 1 : 0)} ${units[unit] ?? ''}`;
}

/** Millicores as `41m`, `1.2` (cores). */
export const millicores = (m: number): string => (m < 1000 ? `${count(m)}m` : count(m / 1000, 2));

/** `2 minutes ago` */
export function ago(at: number, now: number): string {
  const format = new Intl.RelativeTimeFormat(locale.language, { numeric: 'auto', style: 'short' });
  const s = Math.round((at - now) / 1000);
  const size = Math.abs(s);
  if (size < 60) return format.format(s, 'second');
  if (size < 3600) return format.format(Math.round(s / 60), 'minute');
  if (size < 86_400) return format.format(Math.round(s / 3600), 'hour');
  return format.format(Math.round(s / 86_400), 'day');
}

/** `14:03:12` */
export const clock = (at: number): string => new Intl.DateTimeFormat(locale.language, { timeStyle: 'medium', hour12: false }).format(at);

/** `23 Nov 2026, 14:03` */
export const dateTime = (at: number): string =>
  new Intl.DateTimeFormat(locale.language, { dateStyle: 'medium', timeStyle: 'short', hour12: false }).format(at);

/** `a, b and c` */
export const list = (items: readonly string[]): string => new Intl.ListFormat(locale.language, { type: 'conjunction' }).format(items);

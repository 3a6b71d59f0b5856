import { untrack } from 'svelte';
import { core, toFault, type CoreFault } from '../wire/client';
import type { Calls } from '../wire/generated/calls';
import type { Topic } from '../wire/generated/types';
import { madeOf } from './topics';

type Name = keyof Calls;
export type Args<N extends Name> = Parameters<Calls[N]> extends [infer A] ? A : Record<string, never>;
export type Answer<N extends Name> = Awaited<ReturnType<Calls[N]>>;

/** One answer of the core, shared by everything on screen that asked for it. */
class Entry {
  data: unknown = $state.raw(undefined);
  fault: CoreFault | null = $state.raw(null);
  /** The first answer, or a repeated one, is under way. */
  busy = $state(false);
  users = 0;
  private again = false;
  /** An answer is under way, or the rest after it. */
  isAsking = false;

  constructor(
    readonly name: Name,
    readonly args: unknown,
  ) {}

  /**
   * Asks; while an answer is under way, once more after it: what it says may already be old. Between two answers it rests as long
   * as the last one took, so that a cluster in which much happens costs at most every other moment.
   */
  async ask(): Promise<void> {
    this.again = this.isAsking;
    if (this.isAsking) return;
    this.isAsking = true;
    do {
      this.again = false;
      const start = performance.now();
      await this.answer();
      await rest(Math.min(performance.now() - start, LONGEST_REST_MS));
    } while (this.again && this.users > 0);
    this.isAsking = false;
  }

  private async answer(): Promise<void> {
    this.busy = true;
    try {
      this.data = await (core[this.name] as (args: unknown) => Promise<unknown>)(this.args);
      this.fault = null;
    } catch (thrown) {
      this.fault = toFault(thrown);
    }
    this.busy = false;
  }
}

const LONGEST_REST_MS = 250;
/** Shorter rests are none: a timer's own coarseness would make them longer. */
const SHORTEST_REST_MS = 4;

function rest(millis: number): Promise<void> | undefined {
  return millis < SHORTEST_REST_MS ? undefined : new Promise((resolve) => setTimeout(resolve, millis));
}

const entries = new Map<string, Entry>();

const keyOf = (name: Name, args: unknown): string => `${name} ${JSON.stringify(args)}`;

function entryOf(name: Name, args: unknown): Entry {
  const key = keyOf(name, args);
  let entry = entries.get(key);
  if (!entry) {
    entry = new Entry(name, args);
    entries.set(key, entry);
  }
  return entry;
}

/** What a component reads: the answer, what failed, and whether one is under way. */
export interface Query<T> {
  /** The newest answer; the old one stays while a new one is under way or failed. */
  readonly data: T | undefined;
  readonly fault: CoreFault | null;
  readonly busy: boolean;
  /** Asks again now. */
  readonly retry: () => void;
}

/**
 * Asks the core and follows the answer for as long as the component is on screen. `args` is read reactively; null asks nothing.
 * With `keep`, the answer to the former arguments stays until the new one is there (for a window or a filter that changes, never for
 * another object).
 */
export function ask<N extends Name>(name: N, args: () => Args<N> | null, options: { keep?: boolean } = {}): Query<Answer<N>> {
  let current: Entry | null = $state.raw(null);
  let kept: unknown = $state.raw(undefined);
  const key = $derived.by(() => {
    const wanted = args();
    return wanted === null ? null : JSON.stringify(wanted);
  });

  $effect(() => {
    if (key === null) {
      current = null;
      return;
    }
    const entry = entryOf(name, JSON.parse(key) as unknown);
    entry.users += 1;
    current = entry;
    // Asking reads and writes the entry's own state, which is no reason to ask again.
    untrack(() => {
      if (!entry.isAsking && (entry.users === 1 || entry.data === undefined)) void entry.ask();
    });
    return () => {
      if (options.keep && entry.data !== undefined) kept = entry.data;
      entry.users -= 1;
      if (entry.users === 0) entries.delete(keyOf(name, entry.args));
    };
  });

  return {
    get data() {
      return (current?.data ?? (options.keep && key !== null ? kept : undefined)) as Answer<N> | undefined;
    },
    get fault() {
      return current?.fault ?? null;
    },
    get busy() {
      return key !== null && (current === null || current.busy);
    },
    retry: () => void current?.ask(),
  };
}

/** Asks again for what is on screen and made of these topics; of one session, or of all. */
export function spoil(topics: readonly Topic[], session?: string): void {
  for (const entry of entries.values()) {
    const of = madeOf[entry.name];
    if (!of?.some((topic) => topics.includes(topic))) continue;
    if (session !== undefined && sessionOf(entry.args) !== null && sessionOf(entry.args) !== session) continue;
    if (entry.users > 0) void entry.ask();
  }
}

function sessionOf(args: unknown): string | null {
  return typeof args === 'object' && args !== null && 'session' in args ? String(args.session) : null;
}

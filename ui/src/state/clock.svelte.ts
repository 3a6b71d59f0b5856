import { createSubscriber } from 'svelte/reactivity';

/** The time, read reactively; it ticks only while something on screen reads it. */
class Clock {
  private readonly subscribe: () => void;

  constructor(every: number) {
    this.subscribe = createSubscriber((update) => {
      const timer = setInterval(update, every);
      return () => clearInterval(timer);
    });
  }

  get now(): number {
    this.subscribe();
    return Date.now();
  }
}

/** Twice a second: for how fresh the cluster's word is. */
export const quick = new Clock(500);
/** For `2 minutes ago`. */
export const slow = new Clock(10_000);

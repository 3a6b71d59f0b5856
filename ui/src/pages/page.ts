import type { Component } from 'svelte';
import type { Overview } from '../wire/generated/types';

/** A number behind a page's name in the navigation; `bad` makes it a red mark. */
export type Count = { readonly n: number; readonly bad?: boolean };

/** A page of the app: one folder in `pages/`, one line in `pages/pages.ts`. */
export interface Page {
  /** The first part of the address. */
  readonly id: string;
  /** Where it stands in the navigation; null for pages that are reached otherwise. */
  readonly group: 'observe' | 'author' | 'understand' | null;
  readonly title: () => string;
  readonly icon: Component;
  /** The page itself, loaded when it is first shown. */
  readonly view: () => Promise<{ default: Component }>;
  /** Shown only with a cluster open. */
  readonly needsCluster: boolean;
  /** It shows one thing that its address names: nothing to go to without. */
  readonly ofOne?: boolean;
  readonly count?: (overview: Overview) => Count | null;
}

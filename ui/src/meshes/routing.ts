/**
 * A route of whichever API as one model: rules, each with what it takes and where that goes. VirtualService and the Gateway API's routes
 * are read into it, drawn from it and edited by it; how each of them writes it is its dialect.
 */
import type { YamlEdit } from '../wire/generated/types';
import { brief, pointer, type JsonRecord } from '../lib/json';

/** A field that the form does not edit: shown as it is written, with a way to its line. */
export interface Kept {
  pointer: string;
  name: string;
  text: string;
}

export interface Route {
  hosts: string[];
  gateways: string[];
  /** Rules in order. */
  rules: Rule[];
  kept: Kept[];
}

export interface Rule {
  pointer: string;
  name: string;
  /** Any of them has to hold; none of them means "all else". */
  matches: Match[];
  destinations: Destination[];
  timeout: string;
  retries: Retries | null;
  delay: { fixedDelay: string; percent: number | null } | null;
  abort: { status: number | null; percent: number | null } | null;
  mirrors: Mirror[];
  rewrite: { path: string; authority: string } | null;
  redirect: { path: string; authority: string; code: number | null } | null;
  direct: { status: number | null } | null;
  /** What else is done to a request or its answer, each in its own field that the form edits. */
  filters: Kept[];
  kept: Kept[];
}

export interface Match {
  pointer: string;
  /** All of them have to hold. */
  conditions: Condition[];
  kept: Kept[];
}

export const SUBJECTS = [
  'path',
  'method',
  'header',
  'withoutHeader',
  'query',
  'authority',
  'scheme',
  'port',
  'sourceNamespace',
  'sourceLabel',
  'gateway',
] as const;
export type Subject = (typeof SUBJECTS)[number];

/** `is` is the plain equality of fields that know nothing else (port, namespace, label, gateway). */
export type How = 'exact' | 'prefix' | 'regex' | 'present' | 'is';

export interface Condition {
  pointer: string;
  subject: Subject;
  /** Of a header, a query parameter or a label; empty for others. */
  name: string;
  how: How;
  value: string;
}

export interface Destination {
  pointer: string;
  host: string;
  subset: string;
  port: number | null;
  /** As written; null where nothing is written. */
  weight: number | null;
  /** Of 100, as its weight is read beside the others. */
  share: number;
  kept: Kept[];
}

export interface Retries {
  attempts: number | null;
  perTryTimeout: string;
  on: string;
}

export interface Mirror {
  pointer: string;
  host: string;
  subset: string;
  port: number | null;
  percent: number | null;
  /** Where its percentage is written. */
  percentPointer: string;
}

/** Where requests, or copies of them, are sent. */
export type Target = Pick<Destination, 'host' | 'subset' | 'port'>;

/** How one kind of object writes a route. */
export interface Dialect {
  readonly read: (value: unknown) => Route;
  /** Where the list of rules is. */
  readonly rules: string;
  /** The list of destinations in a rule. */
  readonly destinations: string;
  /** An item of that list; without a weight where that is null. */
  readonly item: (target: Target, weight: number | null) => JsonRecord;
  /** Sends a destination's part elsewhere. */
  readonly retarget: (now: Destination, target: Target) => YamlEdit[];
  /** A rule that nobody's request matches yet; null where a rule compares nothing. */
  readonly fresh: ((destinations: readonly JsonRecord[]) => JsonRecord) | null;
  /** The first rule that matches decides. Where not, the one that matches most closely does. */
  readonly isOrdered: boolean;
}

export const keptOf = (holder: JsonRecord, at: string, known: readonly string[]): Kept[] =>
  Object.entries(holder)
    .filter(([name]) => !known.includes(name))
    .map(([name, value]) => ({ pointer: pointer(at, name), name, text: brief(value) }));

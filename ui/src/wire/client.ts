import type { Host } from '../host/host';
import { calls, type Calls } from './generated/calls';
import type { Code, Fault, ObjectRef } from './generated/types';

let current: Host | null = null;

/** Says which host answers; once, at start (and by tests). */
export function connect(host: Host): void {
  current = host;
}

/** The host of this window. */
export function host(): Host {
  if (!current) throw new Error('no host: call connect() first');
  return current;
}

/** A failure of the core, as an error that can be thrown and caught. */
export class CoreFault extends Error implements Fault {
  override readonly name = 'CoreFault';
  readonly code: Code;
  readonly zh: string;
  readonly hint: string;
  readonly hintZh: string;
  readonly about: ObjectRef | null;

  constructor(fault: Fault) {
    super(fault.message);
    this.code = fault.code;
    this.zh = fault.zh;
    this.hint = fault.hint;
    this.hintZh = fault.hintZh;
    this.about = fault.about;
  }
}

/** Whatever was thrown, as a fault. */
export function toFault(thrown: unknown): CoreFault {
  if (thrown instanceof CoreFault) return thrown;
  if (isFault(thrown)) return new CoreFault(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CoreFault({ code: 'internal', message, zh: '', hint: '', hintZh: '', about: null });
}

function isFault(thrown: unknown): thrown is Fault {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown && 'hint' in thrown;
}

/** Every call of the core, typed. Rejects with `CoreFault`. */
export const core: Calls = calls(async (name, args) => {
  try {
    return await host().call(name, args);
  } catch (thrown) {
    throw toFault(thrown);
  }
});

import { untrack } from 'svelte';

/** The keys of the place: what a component binds while it is on screen, `?` shows, and Ctrl-K offers. */
export type Binding = {
  /** `mod+k`, `shift+z`, `j`, `enter`, `?`. `mod` is Ctrl, or Command on a Mac. */
  readonly keys: string;
  readonly label: string;
  readonly run: () => void;
  /** Works while a field has the focus. Those with `mod` always do. */
  readonly inFields?: boolean;
  /** Not offered in Ctrl-K: it moves a cursor or the like. */
  readonly quiet?: boolean;
};

const IS_MAC = typeof navigator !== 'undefined' && /Mac|iPhone/.test(navigator.platform);

class Keys {
  /** Newest scope last: it wins. */
  scopes: readonly (() => readonly Binding[])[] = $state.raw([]);

  get all(): readonly Binding[] {
    const newestFirst = [...this.scopes].reverse().flatMap((scope) => [...scope()]);
    return newestFirst.filter((binding, i) => newestFirst.findIndex((other) => other.keys === binding.keys) === i);
  }

  add(scope: () => readonly Binding[]): () => void {
    this.scopes = [...this.scopes, scope];
    return () => {
      this.scopes = this.scopes.filter((other) => other !== scope);
    };
  }

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const pressed = describe(event);
    const binding = this.all.find((candidate) => candidate.keys === pressed);
    if (!binding) return;
    const typing = isField(event.target);
    if (typing && !binding.inFields && !pressed.startsWith('mod+')) return;
    if (!pressed.startsWith('mod+') && isInOverlay(event.target)) return;
    if ((pressed === 'enter' || pressed === 'space') && isPressed(event.target)) return;
    event.preventDefault();
    binding.run();
  }
}

/** Binds keys for as long as the component is on screen. Call while it is set up. */
export function bindKeys(scope: () => readonly Binding[]): void {
  // The list of scopes is read and written here: that is no reason to bind again.
  $effect(() => untrack(() => keys.add(scope)));
}

export function describe(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>): string {
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push('mod');
  if (event.altKey) parts.push('alt');
  // A shifted sign (`?`) is its own key; a shifted letter is not.
  if (event.shiftKey && (key.length > 1 || /[a-z]/.test(key))) parts.push('shift');
  return [...parts, key].join('+');
}

function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** What has the focus and is pressed by Enter or Space: those keys are its own. */
function isPressed(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('a[href], button, summary, [role="tab"]') !== null;
}

/** Dialogs and menus have keys of their own. */
function isInOverlay(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role="dialog"], [role="menu"], [role="listbox"]') !== null;
}

const SIGNS: Readonly<Record<string, string>> = {
  mod: IS_MAC ? '⌘' : 'Ctrl',
  shift: IS_MAC ? '⇧' : 'Shift',
  alt: IS_MAC ? '⌥' : 'Alt',
  enter: '↵',
  escape: 'Esc',
  arrowup: '↑',
  arrowdown: '↓',
  arrowleft: '←',
  arrowright: '→',
  delete: 'Del',
  space: 'Space',
};

/** `mod+enter` → `Ctrl`, `↵`. */
export const signs = (binding: string): string[] => binding.split('+').map((part) => SIGNS[part] ?? part.toUpperCase());

export const keys = new Keys();

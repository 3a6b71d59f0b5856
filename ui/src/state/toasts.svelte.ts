import { told, saidHint } from '../i18n/said';
import { toFault } from '../wire/client';

export type ToastTone = 'ok' | 'info' | 'warn' | 'bad';

export type Toast = {
  readonly id: number;
  readonly tone: ToastTone;
  readonly title: string;
  readonly detail: string;
  readonly action?: { readonly label: string; readonly run: () => void };
};

class Toasts {
  shown: readonly Toast[] = $state.raw([]);
  private next = 1;
  private readonly timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** Shows a message. Good news leaves by itself; what failed stays until it is dismissed. */
  show(toast: Omit<Toast, 'id'>): number {
    const same = this.shown.find((other) => other.title === toast.title && other.detail === toast.detail);
    if (same) return same.id;
    const id = this.next++;
    this.shown = [...this.shown.slice(-3), { ...toast, id }];
    if (toast.tone === 'ok' || toast.tone === 'info') this.timers.set(id, setTimeout(() => this.dismiss(id), 6000));
    return id;
  }

  dismiss(id: number): void {
    clearTimeout(this.timers.get(id));
    this.timers.delete(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

/** Shows whatever was thrown: what was tried and why, then what to do. */
export function toastFault(thrown: unknown): void {
  const fault = toFault(thrown);
  toasts.show({ tone: fault.code === 'not-now' ? 'warn' : 'bad', title: told(fault), detail: saidHint(fault) });
}

import { core } from '../wire/client';
import type { Settings, Theme } from '../wire/generated/types';
import { locale } from './locale.svelte';
import { toastFault } from './toasts.svelte';

const START: Settings = { theme: 'system', locale: '', kubeconfigs: [], production: {}, readOnly: false };

/** The user's settings, as the core keeps them; the window follows them at once. */
class UserSettings {
  value: Settings = $state.raw(START);
  /** What `system` means at the moment. */
  resolvedTheme: 'dark' | 'light' = $state('dark');

  async load(): Promise<void> {
    this.follow(START);
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => this.follow(this.value));
    try {
      this.follow(await core.settings());
    } catch (thrown) {
      toastFault(thrown);
    }
  }

  async put(change: Partial<Settings>): Promise<void> {
    const before = this.value;
    this.follow({ ...before, ...change });
    try {
      this.follow(await core.settingsPut(this.value));
    } catch (thrown) {
      this.follow(before);
      toastFault(thrown);
    }
  }

  private follow(settings: Settings): void {
    this.value = settings;
    this.resolvedTheme = resolve(settings.theme);
    document.documentElement.dataset['theme'] = this.resolvedTheme;
    locale.set(settings.locale);
  }
}

function resolve(theme: Theme): 'dark' | 'light' {
  if (theme !== 'system') return theme;
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

export const settings = new UserSettings();

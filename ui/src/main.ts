import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import { mount } from 'svelte';
import App from './App.svelte';
import './design/tokens.css';
import './design/base.css';
import { pickHost } from './host/pick';
import { route } from './state/route.svelte';
import { settings } from './state/settings.svelte';
import { toastFault } from './state/toasts.svelte';
import { connect, host } from './wire/client';

// What nobody caught is said, and blocks nothing.
addEventListener('unhandledrejection', (event) => report(event.reason));
addEventListener('error', (event) => {
  if (event.error) report(event.error);
});

function report(thrown: unknown): void {
  console.error(thrown);
  toastFault(thrown);
  host().log(thrown instanceof Error ? `${thrown.message}\n${thrown.stack ?? ''}` : JSON.stringify(thrown));
}

/** Under `LANG=C` the web view's language is `C`, which no part of Intl takes: uPlot hands it on as it loads. */
function mendLanguage(): void {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en' });
  }
}

async function start(): Promise<void> {
  mendLanguage();
  connect(await pickHost());
  route.start();
  void settings.load();
  const target = document.getElementById('app');
  if (target) mount(App, { target });
}

void start();

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
import { connect } from './wire/client';

// What nobody caught is said, and blocks nothing.
addEventListener('unhandledrejection', (event) => {
  console.error(event.reason);
  toastFault(event.reason);
});
addEventListener('error', (event) => {
  if (event.error) toastFault(event.error);
});

async function start(): Promise<void> {
  connect(await pickHost());
  route.start();
  void settings.load();
  const target = document.getElementById('app');
  if (target) mount(App, { target });
}

void start();

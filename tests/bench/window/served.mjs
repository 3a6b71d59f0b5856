// A window on the map of the built-in cluster, served by another process with as many generated services as wanted.
import { serve } from '../../e2e/served.mjs';
import { eventually, openWindow } from '../../e2e/window.mjs';

/** Ends the cluster and the window after `work`. */
export async function withServed(services, work) {
  const { url, kubeconfig, stop } = await serve(services);
  let window;
  try {
    window = await openWindow({ kubeconfig });
    const id = await eventually('the served cluster in the list', async () => {
      const { clusters } = await window.call('clusters');
      return clusters.find(({ id }) => id !== 'demo')?.id;
    });
    const open = (query = '') => window.run(`location.hash = '#/map?level=services&cluster=' + encodeURIComponent(arguments[0]) + arguments[1]`, id, query);
    await work({ window, open, url, kubeconfig });
  } finally {
    await window?.close();
    await stop();
  }
}

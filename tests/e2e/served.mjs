// The built-in cluster as another process: a cluster in a kubeconfig, as genuine ones are.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { binary, eventually } from './window.mjs';

/** Serves it, with so many generated services; `netloft` lies beside the window's program. */
export async function serve(services = 0) {
  const folder = mkdtempSync(path.join(tmpdir(), 'netloft-served-'));
  const file = path.join(folder, 'kubeconfig');
  const server = spawn(path.join(path.dirname(binary), 'netloft'), ['demo', 'serve', '--services', String(services), '--kubeconfig', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async () => {
    server.kill('SIGINT');
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  let said = '';
  server.stdout.on('data', (chunk) => (said += chunk));
  await eventually('the served cluster', () => {
    if (server.exitCode !== null) throw new Error(`it ended with ${server.exitCode}`);
    return said.includes('\n');
  }, 60);
  return { url: said.trim(), kubeconfig: readFileSync(file, 'utf8'), stop };
}

// `node tests/bench/days.mjs URL [PROXIES [NAMESPACES]]`: what proxies used over seven days, a sample a minute, into a VictoriaMetrics at URL
// (its import API); `bench days` then asks for their sizes.
const [url, proxies = '3000', namespaces = '40'] = process.argv.slice(2);
const STEP = 60, COUNT = (7 * 86_400) / STEP, PATTERNS = 24;
const end = Math.floor(Date.now() / 60_000) * 60_000;
const times = Array.from({ length: COUNT }, (_, i) => end - (COUNT - 1 - i) * STEP * 1000).join(',');
let state = 1;
const chance = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
const patterns = Array.from({ length: PATTERNS }, (_, k) => {
  let seconds = 0;
  const cpu = Array.from({ length: COUNT }, (_, i) => (seconds += STEP * (0.005 + 0.02 * chance() * (1 + (Math.floor(i / 720) % 2)))).toFixed(3));
  const memory = Array.from({ length: COUNT }, () => Math.floor(4e7 + k * 1e6 + 2e6 * chance()));
  return { cpu: cpu.join(','), memory: memory.join(',') };
});
const line = (name, labels, values) => `{"metric":${JSON.stringify({ __name__: name, ...labels })},"values":[${values}],"timestamps":[${times}]}\n`;
const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const end5 = () => Array.from({ length: 5 }, () => LETTERS[Math.floor(chance() * LETTERS.length)]).join('');

for (let n = 0; n < Number(proxies); n += 20) {
  const body = Array.from({ length: Math.min(20, Number(proxies) - n) }, (_, i) => {
    const p = n + i;
    const labels = { namespace: `team-${p % Number(namespaces)}`, pod: `service-${p >> 1}-7c9d8f6b5d-${end5()}`, container: 'istio-proxy', job: 'kubelet' };
    const { cpu, memory } = patterns[p % PATTERNS];
    return line('container_cpu_usage_seconds_total', labels, cpu) + line('container_memory_working_set_bytes', labels, memory);
  });
  const answer = await fetch(`${url}/api/v1/import`, { method: 'POST', body: body.join('') });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}
console.log(`${proxies} proxies, ${Number(proxies) * 2 * COUNT} samples`);

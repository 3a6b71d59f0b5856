import type { Graph } from '../../wire/generated/types';
import type { Desk, Sheet } from '../../lib/yaml-editor/desk.svelte';
import type { Dialect, Rule, Target } from '../../meshes/routing';
import { RouteTree } from './tree.svelte';

/** A route of the Gateway API on the desk of its editor. Its backends are services: what each takes is what that service takes. */
export class ApiRouteTree extends RouteTree {
  /** What is seen in the mesh now. */
  graph: Graph | undefined = $state.raw(undefined);

  constructor(
    desk: Desk,
    dialect: Dialect,
    sheet: Sheet,
    private readonly onshow: (pointer: string) => void,
  ) {
    super(desk, dialect);
    this.route = sheet;
  }

  /** Services by the name that a backend here has for them: `reviews`, and `reviews.other` in another namespace. */
  private readonly services: ReadonlyMap<string, number> = $derived.by(() => {
    const home = this.route?.object.namespace ?? '';
    const nodes = (this.graph?.nodes ?? []).filter(({ kind }) => kind === 'service');
    const named = nodes.map(({ namespace, name, requestsPerSecond }) => [namespace === home ? name : `${name}.${namespace}`, requestsPerSecond] as const);
    return new Map(named.sort(([a], [b]) => Number(a.includes('.')) - Number(b.includes('.')) || a.localeCompare(b)));
  });

  get service(): string {
    return this.route?.object.name ?? '';
  }

  get versions(): null {
    return null;
  }

  override get hosts(): readonly string[] {
    return [...this.services.keys()];
  }

  rateOf({ host }: Target): number | null {
    return this.services.get(host) ?? null;
  }

  /** The service that is named most like the rule's first backend, of those that the rule does not send to. */
  override spare(rule: Rule): Target {
    const first = rule.destinations[0] ?? { host: this.service, subset: '', port: null };
    const free = this.hosts.filter((host) => !host.includes('.') && !rule.destinations.some((one) => one.host === host));
    const [best] = free.sort((a, b) => shared(b, first.host) - shared(a, first.host));
    return { host: best ?? first.host, subset: '', port: first.port };
  }

  show(pointer: string): void {
    this.onshow(pointer);
  }
}

/** How many letters two names begin with alike. */
function shared(a: string, b: string): number {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n += 1;
  return n;
}

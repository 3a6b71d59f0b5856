import type { NodeDetail, ObjectRef, YamlEdit } from '../../wire/generated/types';
import { Desk, type Sheet } from '../../lib/yaml-editor/desk.svelte';
import { startNew, startOf } from '../../lib/yaml-editor/open';
import { liveRule } from '../../meshes/istio/pending';
import { readRoute, readSubsets, type Destination, type Route, type Rule, type Subsets } from '../../meshes/istio/route';

/** One service's route on the desk: its VirtualService and its DestinationRule, read as a picture's model. */
export class RouteEditing {
  readonly desk: Desk;
  readonly session: string;
  readonly namespace: string;
  readonly service: string;
  /** The VirtualService. */
  route: Sheet | null = $state.raw(null);
  /** The DestinationRule. */
  rules: Sheet | null = $state.raw(null);
  /** The rule that is selected in the picture. */
  selected = $state(0);
  /** The field that has the focus, for the YAML beside. */
  at = $state('');
  shown: Sheet | null = $state.raw(null);
  /** What is seen of the service now. */
  detail: NodeDetail | undefined = $state.raw(undefined);
  /** Weights that do not move: `rule pointer → destinations`. */
  pinned: ReadonlySet<string> = $state.raw(new Set());

  constructor(session: string, namespace: string, service: string) {
    this.session = session;
    this.namespace = namespace;
    this.service = service;
    this.desk = new Desk(session);
  }

  model: Route = $derived(readRoute(this.route?.good?.value));
  live: Route | null = $derived(this.route?.liveValue ? readRoute(this.route.liveValue) : null);
  subsets: Subsets = $derived(readSubsets(this.rules?.good?.value));
  rule: Rule | null = $derived(this.model.rules[Math.min(this.selected, this.model.rules.length - 1)] ?? null);
  liveRule: Rule | null = $derived(this.rule ? liveRule(this.live, this.rule, this.selected) : null);

  /** The names of what requests go to, in the order of their colours: versions by name, then other hosts. */
  names: readonly string[] = $derived.by(() => {
    const used = this.model.rules.flatMap(({ destinations, mirrors }) => [...destinations, ...mirrors]);
    const versions = new Set([...this.subsets.subsets.map(({ name }) => name), ...used.map(({ subset }) => subset).filter(Boolean)]);
    const hosts = new Set(used.filter(({ subset }) => subset === '').map(targetName));
    return [...[...versions].sort(), ...[...hosts].sort()];
  });

  colourOf(target: { host: string; subset: string; port: number | null }): number {
    return Math.max(0, this.names.indexOf(targetName(target)));
  }

  /** Requests a second that a version takes now; null where nothing tells. */
  rateOf({ subset, host }: { host: string; subset: string }): number | null {
    const labels = this.subsets.subsets.find(({ name }) => name === subset)?.labels ?? [];
    const version = labels.find(({ key }) => key === 'version')?.value ?? subset;
    if (!this.detail || subset === '' || host.split('.')[0] !== this.service) return null;
    const rows = this.detail.workloads.filter((row) => row.version === version);
    return rows.length === 0 ? null : rows.reduce((sum, row) => sum + row.requestsPerSecond, 0);
  }

  editRoute(edits: (route: Route) => readonly YamlEdit[], mark = ''): void {
    const sheet = this.route;
    if (sheet) void this.desk.edit(sheet, (value) => edits(readRoute(value)), mark);
  }

  /** An action on the selected rule. */
  editRule(edits: (rule: Rule) => readonly YamlEdit[], mark = ''): void {
    const at = this.rule?.pointer;
    this.editRoute(({ rules }) => {
      const rule = rules.find(({ pointer }) => pointer === at);
      return rule ? edits(rule) : [];
    }, mark);
  }

  editSubsets(edits: (subsets: Subsets) => readonly YamlEdit[], mark = ''): void {
    const sheet = this.rules;
    if (sheet) void this.desk.edit(sheet, (value) => edits(readSubsets(value)), mark);
  }

  /** Both documents in one step. */
  editBoth(ofRoute: (route: Route) => readonly YamlEdit[], ofSubsets: (subsets: Subsets) => readonly YamlEdit[]): void {
    const all = [];
    if (this.route) all.push({ sheet: this.route, edits: (value: unknown) => ofRoute(readRoute(value)) });
    if (this.rules) all.push({ sheet: this.rules, edits: (value: unknown) => ofSubsets(readSubsets(value)) });
    void this.desk.editAll(all);
  }

  show(pointer: string, sheet: Sheet | null): void {
    if (sheet) this.shown = sheet;
    this.at = pointer;
  }

  async open(object: ObjectRef): Promise<Sheet> {
    const sheet = await this.desk.place(await startOf(this.session, object));
    if (object.kind === 'VirtualService') this.route = sheet;
    else if (object.kind === 'DestinationRule') this.rules = sheet;
    this.shown ??= sheet;
    return sheet;
  }

  /** Another object of the same kind in place of the one that is open; what the tray has of that one stays. */
  async exchange(object: ObjectRef): Promise<void> {
    const before = object.kind === 'VirtualService' ? this.route : this.rules;
    if (before) await this.desk.putAway(before);
    this.selected = 0;
    this.show('', await this.open(object));
  }

  /** Sheets that left the desk. */
  forget(): void {
    const isThere = (sheet: Sheet | null): boolean => sheet !== null && this.desk.sheets.includes(sheet);
    if (!isThere(this.route)) this.route = null;
    if (!isThere(this.rules)) this.rules = null;
    if (!isThere(this.shown)) this.shown = this.route ?? this.rules;
  }

  async make(template: 'virtual-service' | 'destination-rule'): Promise<void> {
    const start = await startNew({ session: this.session, template, namespace: this.namespace, name: this.service, from: '', to: '' });
    const sheet = await this.desk.place(start);
    if (template === 'virtual-service') this.route = sheet;
    else this.rules = sheet;
    this.shown = sheet;
  }
}

/** What a destination is called: its version, or its host. */
export const targetName = ({ host, subset, port }: { host: string; subset: string; port: number | null }): string =>
  subset !== '' ? subset : host + (port === null ? '' : `:${String(port)}`);

export const nameOf = (destination: Destination): string => targetName(destination);

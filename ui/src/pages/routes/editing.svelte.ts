import type { NodeDetail, ObjectRef, YamlEdit } from '../../wire/generated/types';
import { Desk, type Sheet } from '../../lib/yaml-editor/desk.svelte';
import { startNew, startOf } from '../../lib/yaml-editor/open';
import { VIRTUAL_SERVICE } from '../../meshes/istio/dialect';
import { readSubsets, type Subsets } from '../../meshes/istio/route';
import type { Route, Target } from '../../meshes/routing';
import { RouteTree } from './tree.svelte';

/** One service's route on the desk: its VirtualService and its DestinationRule, read as a picture's model. */
export class RouteEditing extends RouteTree {
  readonly session: string;
  readonly namespace: string;
  readonly service: string;
  /** The DestinationRule. */
  rules: Sheet | null = $state.raw(null);
  /** The field that has the focus, for the YAML beside. */
  at = $state('');
  shown: Sheet | null = $state.raw(null);
  /** What is seen of the service now. */
  detail: NodeDetail | undefined = $state.raw(undefined);

  constructor(session: string, namespace: string, service: string) {
    super(new Desk(session), VIRTUAL_SERVICE);
    this.session = session;
    this.namespace = namespace;
    this.service = service;
  }

  subsets: Subsets = $derived(readSubsets(this.rules?.good?.value));

  get versions(): readonly string[] {
    return this.subsets.subsets.map(({ name }) => name);
  }

  /** Requests a second that a version takes now; null where nothing tells. */
  rateOf({ subset, host }: Target): number | null {
    const labels = this.subsets.subsets.find(({ name }) => name === subset)?.labels ?? [];
    const version = labels.find(({ key }) => key === 'version')?.value ?? subset;
    if (!this.detail || subset === '' || host.split('.')[0] !== this.service) return null;
    const rows = this.detail.workloads.filter((row) => row.version === version);
    return rows.length === 0 ? null : rows.reduce((sum, row) => sum + row.requestsPerSecond, 0);
  }

  editSubsets(edits: (subsets: Subsets) => readonly YamlEdit[], mark = ''): void {
    const sheet = this.rules;
    if (sheet) void this.desk.edit(sheet, (value) => edits(readSubsets(value)), mark);
  }

  /** Both documents in one step. */
  editBoth(ofRoute: (route: Route) => readonly YamlEdit[], ofSubsets: (subsets: Subsets) => readonly YamlEdit[]): void {
    const all = [];
    if (this.route) all.push({ sheet: this.route, edits: (value: unknown) => ofRoute(this.dialect.read(value)) });
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

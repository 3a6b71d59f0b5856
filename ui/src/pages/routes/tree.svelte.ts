import type { YamlEdit } from '../../wire/generated/types';
import type { Desk, Sheet } from '../../lib/yaml-editor/desk.svelte';
import { liveRule } from '../../meshes/pending';
import type { Dialect, Route, Rule, Target } from '../../meshes/routing';

/** A route of whichever kind on the desk, read as the picture's model: what the picture shows, and how it edits. */
export abstract class RouteTree {
  readonly desk: Desk;
  readonly dialect: Dialect;
  /** The object that says where requests go. */
  route: Sheet | null = $state.raw(null);
  /** The rule that is selected in the picture. */
  selected = $state(0);
  /** Weights that do not move: `rule pointer → destinations`. */
  pinned: ReadonlySet<string> = $state.raw(new Set());

  constructor(desk: Desk, dialect: Dialect) {
    this.desk = desk;
    this.dialect = dialect;
  }

  model: Route = $derived.by(() => this.dialect.read(this.route?.good?.value));
  live: Route | null = $derived.by(() => (this.route?.liveValue ? this.dialect.read(this.route.liveValue) : null));
  rule: Rule | null = $derived(this.model.rules[Math.min(this.selected, this.model.rules.length - 1)] ?? null);
  liveRule: Rule | null = $derived(this.rule ? liveRule(this.live, this.rule, this.selected) : null);

  /** The names of what requests go to, in the order of their colours: versions by name, then other hosts. */
  names: readonly string[] = $derived.by(() => {
    const used = this.model.rules.flatMap(({ destinations, mirrors }) => [...destinations, ...mirrors]);
    const versions = new Set([...(this.versions ?? []), ...used.map(({ subset }) => subset).filter(Boolean)]);
    const hosts = new Set(used.filter(({ subset }) => subset === '').map(targetName));
    return [...[...versions].sort(), ...[...hosts].sort()];
  });

  /** What a new destination or rule is sent to where none is there to be copied. */
  abstract readonly service: string;
  /** The versions that a destination can name; null where this kind of route knows none. */
  abstract get versions(): readonly string[] | null;
  /** Names that a destination's host can have. */
  get hosts(): readonly string[] {
    return [];
  }
  /** What a new destination of a rule is sent to. */
  spare({ destinations }: Rule): Target {
    const used = destinations.map(({ subset }) => subset);
    const { host, port } = destinations[0] ?? { host: this.service, port: null };
    return { host, subset: this.versions?.find((name) => !used.includes(name)) ?? '', port };
  }
  /** Requests a second that a destination takes now; null where nothing tells. */
  abstract rateOf(target: Target): number | null;
  /** Shows a field in the other views of the document. */
  abstract show(pointer: string, sheet: Sheet | null): void;

  colourOf(target: Target): number {
    return Math.max(0, this.names.indexOf(targetName(target)));
  }

  editRoute(edits: (route: Route) => readonly YamlEdit[], mark = ''): void {
    const sheet = this.route;
    if (sheet) void this.desk.edit(sheet, (value) => edits(this.dialect.read(value)), mark);
  }

  /** An action on the selected rule. */
  editRule(edits: (rule: Rule) => readonly YamlEdit[], mark = ''): void {
    const at = this.rule?.pointer;
    this.editRoute(({ rules }) => {
      const rule = rules.find(({ pointer }) => pointer === at);
      return rule ? edits(rule) : [];
    }, mark);
  }
}

/** What a destination is called: its version, or its host. */
export const targetName = ({ host, subset, port }: Target): string =>
  subset !== '' ? subset : host + (port === null ? '' : `:${String(port)}`);

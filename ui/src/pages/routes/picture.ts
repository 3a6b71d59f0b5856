import { liveRule, shareWas, type Was } from '../../meshes/pending';
import type { Route } from '../../meshes/routing';
import { targetName } from './tree.svelte';

/** The route as a picture: rules at the left, where their requests go at the right, a curve for each share. */
export interface Picture {
  height: number;
  rules: { index: number; y: number }[];
  targets: PictureTarget[];
  edges: PictureEdge[];
}

export interface PictureTarget {
  key: string;
  name: string;
  host: string;
  subset: string;
  port: number | null;
  kind: 'destination' | 'redirect' | 'direct';
  y: number;
  h: number;
  isNew: boolean;
}

export interface PictureEdge {
  key: string;
  rule: number;
  target: string;
  /** Of 100. */
  share: number;
  kind: 'split' | 'mirror';
  was: Was<number> | null;
  fromY: number;
  toY: number;
}

export const RULE_HEIGHT = 46;
const GAP = 10;
const ENTRY = 18;

export function pictureOf(route: Route, live: Route | null): Picture {
  const targets = new Map<string, PictureTarget>();
  const edges: PictureEdge[] = [];
  const add = (rule: number, target: Omit<PictureTarget, 'y' | 'h' | 'isNew'>, edge: Pick<PictureEdge, 'share' | 'kind' | 'was'>): void => {
    if (!targets.has(target.key)) targets.set(target.key, { ...target, y: 0, h: 0, isNew: true });
    const place = targets.get(target.key);
    if (place && edge.was?.isNew !== true) place.isNew = false;
    edges.push({ ...edge, key: `${String(rule)} ${target.key} ${edge.kind} ${String(edges.length)}`, rule, target: target.key, fromY: 0, toY: 0 });
  };
  route.rules.forEach((rule, index) => {
    const before = liveRule(live, rule, index);
    for (const one of rule.destinations) {
      const { host, subset, port } = one;
      const key = `${host} ${subset} ${String(port)}`;
      add(index, { key, name: targetName(one), host, subset, port, kind: 'destination' }, { share: one.share, kind: 'split', was: shareWas(before, one) });
    }
    for (const one of rule.mirrors) {
      const { host, subset, port } = one;
      const key = `${host} ${subset} ${String(port)}`;
      add(index, { key, name: targetName(one), host, subset, port, kind: 'destination' }, { share: one.percent ?? 100, kind: 'mirror', was: null });
    }
    const blank = { host: '', subset: '', port: null };
    const whole = { share: 100, kind: 'split', was: null } as const;
    if (rule.redirect) add(index, { key: `redirect ${String(index)}`, name: rule.redirect.authority + rule.redirect.path, ...blank, kind: 'redirect' }, whole);
    if (rule.direct) add(index, { key: `direct ${String(index)}`, name: String(rule.direct.status ?? ''), ...blank, kind: 'direct' }, whole);
  });
  return placed(route.rules.length, [...targets.values()].sort(bySubset), edges);
}

const bySubset = (a: PictureTarget, b: PictureTarget): number =>
  Number(a.subset === '') - Number(b.subset === '') || a.name.localeCompare(b.name);

function placed(rules: number, targets: PictureTarget[], edges: PictureEdge[]): Picture {
  for (const target of targets) {
    target.h = Math.max(RULE_HEIGHT, edges.filter((edge) => edge.target === target.key).length * ENTRY + 8);
  }
  const left = rules * (RULE_HEIGHT + GAP) - GAP;
  const right = targets.reduce((sum, { h }) => sum + h + GAP, -GAP);
  const height = Math.max(left, right, RULE_HEIGHT);
  const places = Array.from({ length: rules }, (_, index) => ({ index, y: (height - left) / 2 + index * (RULE_HEIGHT + GAP) }));
  let y = (height - right) / 2;
  for (const target of targets) {
    target.y = y;
    y += target.h + GAP;
    const into = edges.filter((edge) => edge.target === target.key).sort((a, b) => a.rule - b.rule);
    into.forEach((edge, index) => {
      edge.toY = target.y + target.h / 2 + (index - (into.length - 1) / 2) * ENTRY;
    });
  }
  for (const { index, y: top } of places) {
    const out = edges.filter((edge) => edge.rule === index).sort((a, b) => a.toY - b.toY);
    out.forEach((edge, at) => {
      edge.fromY = top + RULE_HEIGHT / 2 + (at - (out.length - 1) / 2) * Math.min(9, RULE_HEIGHT / (out.length + 1));
    });
  }
  return { height, rules: places, targets, edges };
}

/** A curve from the rule's side to the destination's. */
export function curve(fromX: number, fromY: number, toX: number, toY: number): string {
  const bend = (toX - fromX) * 0.45;
  return `M${String(fromX)} ${String(fromY)}C${String(fromX + bend)} ${String(fromY)} ${String(toX - bend)} ${String(toY)} ${String(toX)} ${String(toY)}`;
}

/** Wider for more, and still seen for little. */
export const widthOf = (share: number): number => (share <= 0 ? 1 : 1.5 + (share / 100) * 5);

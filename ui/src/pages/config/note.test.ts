import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { locale } from '../../state/locale.svelte';
import { route } from '../../state/route.svelte';
import { session } from '../../state/session.svelte';
import { connect } from '../../wire/client';
import type { ObjectRef, ObjectRow } from '../../wire/generated/types';
import Config from './Config.svelte';

beforeEach(() => locale.set('en'));
afterEach(() => {
  cleanup();
  session.id = null;
});

/** The page with an object of this kind opened: one that is there, or a new one. */
async function open(kind: string, isNew = false): Promise<void> {
  const object: ObjectRef = { group: 'networking.istio.io', kind, namespace: 'prod', name: 'stamp' };
  const yaml = JSON.stringify({ kind, metadata: { name: 'stamp', namespace: 'prod' } });
  const row: ObjectRow = { object, version: 'v1', summary: '', summaryZh: '', hosts: [], createdAt: null, findings: 0, pending: false, owner: '' };
  const draft = { revision: 1, items: [], says: [], canUndo: false };
  connect(
    fixtureHost({
      kinds: [],
      objects: isNew ? [] : [row],
      draft,
      draftPut: draft,
      document: { object, uid: '', yaml, resourceVersion: '1', owner: '', managers: [] },
      starter: { object, yaml },
      schema: { fields: [] },
      yamlRead: { yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} },
      objectCheck: { problems: [], findings: [], because: '', zh: '' },
    }),
  );
  session.id = `${kind} ${isNew}`;
  route.go('config', { group: object.group, kind, namespace: 'prod', name: 'stamp', ...(isNew ? { new: 'yes' } : {}) });
  render(Config);
  await screen.findByRole('heading', { name: 'stamp' });
}
const warning = (): HTMLElement | null => screen.queryByText('This patches the proxies’ own configuration');

it.each([false, true])('warns of an EnvoyFilter above its fields (new: %s)', async (isNew) => {
  await open('EnvoyFilter', isNew);
  await screen.findByText('This patches the proxies’ own configuration');
  screen.getByText(/^Nobody checks it before the proxies do/);
  locale.set('zh');
  await screen.findByText('此对象直接修补代理自身的配置');
});

it('warns of no other kind', async () => {
  await open('Sidecar');
  await screen.findByText('Sidecar · prod');
  expect(warning()).toBeNull();
});

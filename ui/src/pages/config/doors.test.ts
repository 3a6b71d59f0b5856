import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, expect, it } from 'vitest';
import { fixtureHost } from '../../host/fixture';
import { expectAccessible } from '../../lib/axe';
import { doorsOf } from '../../meshes/doors';
import { connect } from '../../wire/client';
import { Desk } from '../../lib/yaml-editor/desk.svelte';
import Doors from './Doors.svelte';

afterEach(cleanup);

const ISTIO = { group: 'networking.istio.io', kind: 'Gateway' };
const servers = {
  spec: {
    servers: [
      { port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: ['shop.example.com', 'prod/*.example.com'], tls: { mode: 'SIMPLE', credentialName: 'shop-tls' } },
      { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'], tls: { httpsRedirect: true } },
    ],
  },
};
const listeners = {
  spec: {
    listeners: [
      { name: 'web', port: 443, protocol: 'HTTPS', hostname: 'shop.example.com', tls: { certificateRefs: [{ name: 'shop-tls' }, { name: 'old', namespace: 'edge' }] } },
      { name: 'bytes', port: 9000, protocol: 'TCP' },
    ],
  },
};

it('reads the doors of both meshes’ gateways, and of a set of listeners', () => {
  const [https, http] = doorsOf(ISTIO, servers) ?? [];
  expect(https).toMatchObject({ port: 443, protocol: 'HTTPS', hosts: ['shop.example.com', 'prod/*.example.com'], tls: 'SIMPLE', certificates: [{ name: 'shop-tls', pointer: '/spec/servers/0/tls/credentialName' }] });
  expect(http).toMatchObject({ hosts: [], tls: '', isRedirect: true, certificates: [] });
  for (const kind of ['Gateway', 'ListenerSet']) {
    const [web, bytes] = doorsOf({ group: 'gateway.networking.k8s.io', kind }, listeners) ?? [];
    expect(web).toMatchObject({ name: 'web', tls: 'Terminate', hosts: ['shop.example.com'] });
    expect(web?.certificates.map(({ name }) => name)).toEqual(['shop-tls', 'edge/old']);
    expect(bytes).toMatchObject({ port: 9000, protocol: 'TCP', tls: '', hosts: [] });
  }
  expect(doorsOf({ group: 'networking.istio.io', kind: 'Sidecar' }, servers)).toBeNull();
  expect(doorsOf(ISTIO, { spec: { servers: [1, { port: 'x', hosts: 'y' }] } })).toHaveLength(1);
});

it('shows them, with what is found wrong there, and leads to the field', async () => {
  const text = JSON.stringify({ ...servers, apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata: { name: 'shop', namespace: 'prod' } });
  connect(fixtureHost({ yamlRead: ({ yaml }) => ({ yaml, value: JSON.parse(yaml) as unknown, problems: [], lines: {} }) }));
  const desk = new Desk('doors');
  const sheet = await desk.place({ object: { ...ISTIO, namespace: 'prod', name: 'shop' }, live: text, base: '1', text, inTray: false });
  const shown: string[] = [];
  render(Doors, { sheet, onshow: (at: string) => shown.push(at) });
  screen.getByRole('region', { name: '2 doors' });
  screen.getByText('any host');
  screen.getByText('sends to HTTPS');
  await fireEvent.click(screen.getByRole('button', { name: 'Port 443, HTTPS' }));
  await fireEvent.click(screen.getByRole('button', { name: 'shop-tls' }));
  expect(shown).toEqual(['/spec/servers/0', '/spec/servers/0/tls/credentialName']);
  await expectAccessible();
});

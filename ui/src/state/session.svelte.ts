import { core, host, toFault } from '../wire/client';
import type { Link, Pulse } from '../wire/generated/types';
import { spoil } from './query.svelte';
import { route } from './route.svelte';
import { toastFault } from './toasts.svelte';

const REMEMBERED = 'netloft.session';

/** The one cluster that this window follows. */
class Session {
  /** Of the core; null while no cluster is open. */
  id: string | null = $state(null);
  /** The cluster that is open or being opened. */
  cluster: string | null = $state(null);
  opening = $state(false);
  link: Link = $state('connecting');
  /** When the cluster was last heard, milliseconds since 1970. */
  heardAt = $state(0);
  revision = $state(0);
  /** When this window began to follow it, milliseconds since 1970. */
  openedAt = $state(0);
  private unwatch: (() => void) | null = null;

  /** Opens a cluster, and closes the one before: its watches stop. Throws what the core says. */
  async open(cluster: string): Promise<void> {
    if (this.cluster === cluster && (this.id !== null || this.opening)) return;
    this.leave();
    this.cluster = cluster;
    this.opening = true;
    try {
      const opened = (await this.resumed(cluster)) ?? (await core.open({ cluster })).session;
      if (this.cluster !== cluster) {
        void core.close({ session: opened }).catch(() => undefined);
        return;
      }
      this.follow(opened, cluster);
    } catch (thrown) {
      if (this.cluster === cluster) this.cluster = null;
      throw thrown;
    } finally {
      this.opening = false;
    }
  }

  /** Opens a cluster and shows a page of it; what fails is said in a toast. */
  async enter(cluster: string, page = 'map'): Promise<void> {
    try {
      await this.open(cluster);
      route.go(page, { cluster });
    } catch (thrown) {
      toastFault(thrown);
    }
  }

  /** Closes the cluster. */
  leave(): void {
    this.unwatch?.();
    this.unwatch = null;
    if (this.id !== null) void core.close({ session: this.id }).catch((thrown: unknown) => console.error('close', toFault(thrown)));
    this.id = null;
    this.cluster = null;
    this.link = 'connecting';
    this.heardAt = 0;
    sessionStorage.removeItem(REMEMBERED);
  }

  private follow(id: string, cluster: string): void {
    this.id = id;
    this.openedAt = Date.now();
    this.unwatch = host().watch(
      id,
      (pulse) => this.take(pulse),
      () => {
        if (this.id === id) this.link = 'lost';
      },
    );
    sessionStorage.setItem(REMEMBERED, JSON.stringify({ id, cluster }));
  }

  private take(pulse: Pulse): void {
    if (pulse.session !== this.id) return;
    this.link = pulse.link;
    this.heardAt = pulse.heardAt;
    this.revision = pulse.revision;
    if (pulse.spoiled.length > 0) spoil(pulse.spoiled, pulse.session);
  }

  /** A reload of the page finds the session that it left, instead of leaving it running in the core. */
  private async resumed(cluster: string): Promise<string | null> {
    const remembered = sessionStorage.getItem(REMEMBERED);
    if (!remembered) return null;
    const { id, cluster: of } = JSON.parse(remembered) as { id: string; cluster: string };
    if (of !== cluster) return null;
    return core.overview({ session: id }).then(
      () => id,
      () => null,
    );
  }
}

export const session = new Session();

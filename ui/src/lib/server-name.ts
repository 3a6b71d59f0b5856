import type { PrometheusKind } from '../wire/generated/types';

/** What people call the server that was asked; Prometheus where it does not tell. */
export function serverName(kind: PrometheusKind | null | undefined): string {
  switch (kind) {
    case 'thanos':
      return 'Thanos';
    case 'victoria-metrics':
      return 'VictoriaMetrics';
    case 'mimir':
      return 'Mimir';
    default:
      return 'Prometheus';
  }
}

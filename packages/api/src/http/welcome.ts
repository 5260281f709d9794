/** `GET /` for programs: where to go from here. Browsers get the dashboard. */
import type { Service } from '../operations/context.ts';

const links: readonly (readonly [string, string])[] = [
  ['/health', 'Whether this node can serve requests'],
  ['/cluster/status', 'The cluster as seen by this node'],
  ['/locks', 'Locks that are held or waited for'],
  ['/admin/stats', 'Statistics of the cluster'],
  ['/metrics', 'Metrics for Prometheus'],
  ['/openapi.json', 'The OpenAPI document'],
];

export function welcomeJson({ engine, nodeId, version }: Service): object {
  const status = engine.status();
  return {
    service: 'holdfast',
    version,
    node_id: nodeId,
    leader: status.leader,
    is_ready: status.ready,
    first_steps: [
      `curl -X POST /sessions`,
      `curl -X POST /sessions/{session_id}/locks/{name}`,
      `curl -X DELETE /sessions/{session_id}/locks/{name}`,
    ],
    links: Object.fromEntries(links),
  };
}

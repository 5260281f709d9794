/** `GET /`: where to go from here, as JSON or, for a browser, as a small page. */
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

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

export function welcomePage({ engine, nodeId, version }: Service): string {
  const status = engine.status();
  const items = links.map(([path, text]) => `<li><a href="${path}">${path}</a> ${text}</li>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Holdfast</title>
<h1>Holdfast ${escaped(version)}</h1>
<p>Node ${escaped(nodeId)}; ${status.leader === null ? 'no leader is known' : `the leader is ${escaped(status.leader)}`}.</p>
<ul>${items.join('')}</ul>
</html>
`;
}

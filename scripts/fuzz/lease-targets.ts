/** A lease node as whoever is on the network meets it: bytes over HTTP, and frames of its streams. */
import { setIdOf, setOfNodes } from '../../packages/protocol/src/index.ts';
import { startLeaseNode } from '../../packages/quorum/src/start.ts';
import { exchanged, exchangedFrame } from './exchange.ts';
import type { Target } from './target.ts';

const ignore = (): void => undefined;
const beside = 16;
const atOnce = 16;
export const leaseTargetNames = ['lease-http-bytes', 'lease-frames'] as const;

const set = setIdOf(setOfNodes(1, ['http://a:1', 'http://b:1', 'http://c:1']));
const lease = { resource: 'r', lease_id: 'l1', epoch: 1, set };
const acquire = JSON.stringify({ ...lease, client_id: 'c', ttl_ms: 1000 });
const http = (path: string, body: string): Buffer =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`,
  );

/** @param defects What the node told to be its own. */
export async function leaseTargets(
  folder: string,
  defects: unknown[],
): Promise<{ readonly targets: readonly Target[]; readonly close: () => Promise<void> }> {
  const node = await startLeaseNode({
    file: `${folder}/leases.sqlite`,
    host: '127.0.0.1',
    port: 0,
    // It waits to be made a member: what is asked of it is read all the same.
    peers: [],
    log: { info: ignore, warn: ignore, error: (fields) => defects.push(fields) },
  });
  const port = Number(new URL(node.url).port);

  /** After each input: no defect, and it serves. */
  const looked = async (): Promise<void> => {
    const { status } = await fetch(`${node.url}/livez`, { signal: AbortSignal.timeout(2000) });
    if (status !== 200) throw new Error(`the lease node answered ${String(status)}`);
    if (defects.length > 0)
      throw new Error('a defect of the lease node', { cause: defects.splice(0)[0] });
  };

  return {
    targets: [
      {
        name: 'lease-http-bytes',
        atOnce,
        beside,
        seeds: () => [
          http('/acquire', acquire),
          http('/renew', JSON.stringify({ ...lease, ttl_ms: 1000 })),
          http('/prepare', JSON.stringify({ next: { epoch: 2, members: ['http://a:1'] } })),
          Buffer.from('GET /status/%2e%2e HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'),
          Buffer.from('GET /tokens?after=a HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'),
        ],
        async run(input) {
          await exchanged(port, input);
          await looked();
        },
      },
      {
        name: 'lease-frames',
        atOnce,
        beside,
        seeds: () => [
          Buffer.from(`[[1,"acquire",${acquire}],[0,"ping"]]`),
          Buffer.from(`[[0,"authorize","k"],[1,"wait",${acquire}],[1,"cancel"]]`),
        ],
        async run(input) {
          await exchangedFrame(`${node.url.replace('http', 'ws')}/stream`, input);
          await looked();
        },
      },
    ],
    close: () => node.close(),
  };
}

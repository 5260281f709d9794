/** The ports of this node, and the addresses at which its peers listen. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { hostPortOf } from '@holdfast/protocol';
import type { HostPort } from '@holdfast/protocol';
import type { Configuration } from '@holdfast/server';
import { fine, reasonOf, warning, wrong } from './finding.ts';
import type { Finding } from './finding.ts';

const patienceMs = 3000;

/** Whether something listens there already; undefined where it cannot be told. */
async function isTaken({ host, port }: HostPort): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** The ports of a node that does not run are free, those of one that runs are its own. */
export async function examinePorts(
  configuration: Pick<
    Configuration,
    'httpHost' | 'httpPort' | 'grpc' | 'peerListen' | 'metricsListen'
  >,
  isRunning: boolean | undefined,
): Promise<readonly Finding[]> {
  if (isRunning === undefined) return []; // Whose they are cannot be told, and why is told by examineNodes.

  const { httpHost, httpPort, grpc, peerListen, metricsListen } = configuration;
  const ports: readonly (readonly [setting: string, at: HostPort | null])[] = [
    ['http.port', { host: httpHost, port: httpPort }],
    ['grpc.port', grpc],
    ['cluster.listen', peerListen],
    ['metrics.listen', metricsListen],
  ];
  const findings: Finding[] = [];
  for (const [setting, at] of ports) {
    if (at === null || at.port === 0) continue;
    const reason = await isTaken(at);
    if (reason !== undefined && !isRunning)
      findings.push(
        wrong(
          'ports',
          `${setting}: ${reason}`,
          `Stop what listens there, or choose another ${setting}.`,
        ),
      );
  }
  if (findings.length > 0) return findings;
  return [
    fine('ports', isRunning ? 'the node runs on its ports' : 'the ports of the node are free'),
  ];
}

async function reaches(address: string): Promise<string | undefined> {
  const at = hostPortOf(address);
  if (at === undefined) return 'this is no address';
  const socket = connect({ ...at, signal: AbortSignal.timeout(patienceMs) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(patienceMs) });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    socket.destroy();
  }
}

export async function examinePeers(peers: Configuration['peers']): Promise<readonly Finding[]> {
  const reasons = await Promise.all(peers.map(({ address }) => reaches(address)));
  return peers.map(({ id, address }, place) => {
    const reason = reasons[place];
    return reason === undefined
      ? fine('peers', `${id} listens at ${address}`)
      : warning(
          'peers',
          `${id} is not reached at ${address}: ${reason}`,
          `Start ${id}, or correct its address in cluster.peers, or open the port to this machine.`,
        );
  });
}

/** Processes that are killed, or paused. */
import { leaderOf } from '../cluster/operator.ts';
import type { NodeProcess } from '../cluster/node-process.ts';
import { anyNode } from './nemesis.ts';
import type { Nemesis, Nodes, NemesisStage } from './nemesis.ts';

async function leader(stage: NemesisStage): Promise<NodeProcess> {
  const id = await leaderOf(stage.cluster.nodes);
  return id === undefined ? anyNode(stage) : stage.cluster.node(id);
}

const killed = <Cluster extends Nodes>(
  name: string,
  choose: (stage: NemesisStage<Cluster>) => NodeProcess | Promise<NodeProcess>,
): Nemesis<Cluster> => ({
  name,
  lasts: [200, 2000],
  strike: async (stage) => {
    const node = await choose(stage);
    await node.end('SIGKILL');
    return { target: node.nodeId, heal: () => node.start() };
  },
});

const stopped = <Cluster extends Nodes>(
  name: string,
  choose: (stage: NemesisStage<Cluster>) => NodeProcess | Promise<NodeProcess>,
): Nemesis<Cluster> => ({
  name,
  lasts: [300, 4000],
  strike: async (stage) => {
    const node = await choose(stage);
    node.standStill();
    return {
      target: node.nodeId,
      heal: () => {
        node.goOn();
        return Promise.resolve();
      },
    };
  },
});

export const killLeader: Nemesis = killed('kill -9 leader', leader);
export const killNode: Nemesis<Nodes> = killed('kill -9 node', anyNode);
export const stopLeader: Nemesis = stopped('stop leader', leader);
export const stopNode: Nemesis<Nodes> = stopped('stop node', anyNode);

/** Past its lease: the lock goes to another while it believes nothing has happened. */
export const stopClient: Nemesis<Nodes> = {
  name: 'stop client',
  lasts: [3500, 5000],
  strike: ({ clients, randomness }) => {
    const client = randomness.pick(clients);
    client.signal('SIGSTOP');
    return Promise.resolve({
      target: client.name,
      heal: () => {
        client.signal('SIGCONT');
        return Promise.resolve();
      },
    });
  },
};

export const killClient: Nemesis<Nodes> = {
  name: 'kill -9 client',
  lasts: [100, 500],
  strike: async ({ clients, randomness }) => {
    const client = randomness.pick(clients);
    await client.kill();
    return {
      target: client.name,
      heal: () => client.start(),
    };
  },
};

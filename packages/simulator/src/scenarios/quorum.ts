/** Scenarios of the quorum lease: which nodes know what, when the one in the middle is lost, full, or its answer is late. */
import type { QuorumStage, QuorumSetting } from './quorum-stage.ts';

export interface QuorumScenario extends QuorumSetting {
  readonly playQuorum: (stage: QuorumStage) => Promise<void>;
}

const few = (stage: QuorumStage): number => 2 + stage.random.below(4);

/** One node is heard alone when it is asked for the lease, and another one, which knows of later holders, when it confirms. */
async function heardOneAfterTheOther(stage: QuorumStage): Promise<void> {
  await stage.begin();
  await stage.cycle(stage.client('before', 'node1'), 'red', few(stage));
  const client = stage.client('client', 'node3');
  await stage.sleep(50);
  stage.slow('node2', 'client', 600);
  const asked = stage.acquire(client, 'red');
  await stage.sleep(300);
  stage.slow('node2', 'client', 0);
  await asked;
}

/** A node learns an old token of one node, and from the floor of another that it is an old one. */
async function floorOfAnother(stage: QuorumStage): Promise<void> {
  await stage.begin();
  await stage.cycle(stage.client('all'), 'red', 2);
  const some = stage.client('some', 'node2');
  await stage.cycle(some, 'red', few(stage));
  // Their rows of it are cleaned up for others.
  for (const name of ['blue', 'green', 'grey']) await stage.cycle(some, name, 1);
  stage.part('node1', 'node3');
  stage.lose('node1');
  // Its leases have ended, and the one has told what it knows.
  await stage.sleep(4000);
  stage.join('node1', 'node3');
  await stage.until('a node that votes again', () => stage.node('node1').votes);
  await stage.acquire(stage.client('next', 'node3'), 'red');
}

/** Clocks of nodes are fast: leases end before they are confirmed, and somebody else has one of the nodes. */
async function confirmedTooLate(stage: QuorumStage): Promise<void> {
  await stage.begin();
  await stage.cycle(stage.client('before', 'node1'), 'red', few(stage));
  const late = stage.client('late', 'node3');
  for (const node of ['node1', 'node2']) stage.slow(node, 'late', 500);
  const asked = stage.acquire(late, 'red');
  await stage.sleep(100);
  for (const node of ['node1', 'node2']) stage.slow('late', node, 500);
  // Their leases end after 1000 ms of theirs.
  await stage.sleep(690);
  const next = stage.acquire(stage.client('next', 'node2'), 'red');
  await stage.sleep(100);
  for (const node of ['node1', 'node2']) stage.slow(node, 'late', 0);
  await Promise.all([asked, next]);
}

/** Of two nodes that granted a lease one loses its file; another client reaches that one and the third. */
async function fileOfAGrantIsLost(stage: QuorumStage): Promise<void> {
  await stage.begin();
  const holder = stage.client('holder', 'node3');
  const hold = await stage.acquire(holder, 'red', 5000);
  await stage.sleep(stage.random.between(1, 100));
  stage.lose('node1');
  await stage.acquire(stage.client('rival', 'node2'), 'red', 15_000);
  await hold?.release();
}

/** A node that lost its file hears of one that knows nothing alone. */
async function hearsOfTheWrongOne(stage: QuorumStage): Promise<void> {
  await stage.begin();
  const before = stage.client('before', 'node3');
  await stage.cycle(before, 'red', few(stage));
  stage.part('node1', 'node2');
  stage.lose('node1');
  await stage.sleep(5000);
  await stage.acquire(stage.client('next', 'node2'), 'red');
}

/** The disk of a node refuses a vote that makes a majority; then it gives the same to somebody else. */
async function diskRefusesAVote(stage: QuorumStage): Promise<void> {
  await stage.begin();
  const first = stage.client('first', 'node3');
  stage.node('node1').full = true;
  const hold = await stage.acquire(first, 'red');
  await stage.sleep(stage.random.between(1, 50));
  stage.node('node1').full = false;
  await stage.acquire(stage.client('second', 'node2'), 'red');
  await hold?.release();
}

export const ofQuorum: Readonly<Record<string, QuorumScenario>> = {
  heard_one_after_the_other: { playQuorum: heardOneAfterTheOther },
  floor_of_another_node: { playQuorum: floorOfAnother, maxRows: 2 },
  confirmed_too_late: {
    playQuorum: confirmedTooLate,
    ttlMs: 1000,
    clocks: { ofNodes: 1.3, ofClients: 0.7 },
  },
  file_of_a_grant_lost: { playQuorum: fileOfAGrantIsLost, ttlMs: 10_000 },
  hears_of_the_wrong_node: { playQuorum: hearsOfTheWrongOne, ttlMs: 1000 },
  disk_refuses_a_vote: { playQuorum: diskRefusesAVote, ttlMs: 10_000 },
};

/** What a leader does by itself at each tick: it raises the feature level, makes checkpoints and, without room, hands leadership over. */
import type { MemberId, Status } from '@holdfast/raft';
import { nodeIdentity } from '@holdfast/state';
import { Checkpoints } from './checkpoints.ts';
import type { Clock } from './clock.ts';
import type { ClusterClock } from './cluster-clock.ts';
import type { CommandQueue } from './command-queue.ts';
import { LevelRaiser } from './feature-levels.ts';
import { HandoverForRoom } from './handover-for-room.ts';
import type { MemberAsks } from './member-asks.ts';
import type { Replica } from './replica.ts';
import type { Transport } from './transport/types.ts';
import type { EngineLog } from './types.ts';

interface UpkeepParts {
  readonly nodeId: MemberId;
  readonly log: EngineLog;
  readonly clock: Clock;
  readonly clusterClock: ClusterClock;
  readonly replica: Replica;
  readonly transport: Pick<Transport, 'supportedBy'>;
  readonly queue: CommandQueue;
  readonly asks: MemberAsks;
}

export class LeaderUpkeep {
  readonly #levelRaiser: LevelRaiser;
  readonly #checkpoints: Checkpoints;
  readonly #handover: HandoverForRoom;

  constructor(parts: UpkeepParts) {
    const { nodeId, log, clock, clusterClock, replica, transport, queue } = parts;
    this.#checkpoints = new Checkpoints(replica, queue);
    this.#handover = new HandoverForRoom(parts);
    this.#levelRaiser = new LevelRaiser({
      nodeId,
      log,
      levels: () => replica.levels(),
      membership: () => replica.status().membership,
      supportedBy: (peer) => transport.supportedBy(peer),
      propose: (command, onDone) => {
        const time = clusterClock.read(clock.now());
        return replica.propose({ time, commands: [{ identity: nodeIdentity, command }] }, onDone);
      },
    });
  }

  onTick(status: Status): void {
    if (status.ready) this.#levelRaiser.onTick();
    this.#handover.onTick();
    this.#checkpoints.onTick(status);
  }
}

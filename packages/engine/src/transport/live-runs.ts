/**
 * Which process of each peer is connected now.
 *
 * RUN-3: a peer has one process at a time here. Another one is let in only when the present one has no
 *     connection left, or has not answered within `livenessTimeoutMs`; its connections are closed first.
 *     Otherwise the one that comes is refused and stops, and the present one is told of it.
 * RUN-4: no process stops on account of one that takes no part yet (PROB-1 of `probation.ts`), or of one that
 *     has shown no sign of life. While the present one takes no part, one that does is refused for now, and comes
 *     again: by then the present one takes part, or was refused elsewhere. And one that has not answered only
 *     loses its connections: when it wakes up it comes again, by RUN-3, and the other one may be gone.
 * RUN-6: a process never takes the place of one that has started after it on the same folder: what it has said
 *     may have been under way since before it ended. It is refused for now.
 */
import type { MemberId } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import type { Run } from './run-names.ts';

/** Longer than a busy process is paused; a restart on another host waits so long at most. */
export const livenessTimeoutMs = 2000;

export interface RunConnection {
  readonly isOpen: boolean;
  /** Asks whether the process lives, and tells it of the other one. */
  ask(other: OtherRun): void;
  /** That this process lives. */
  reply(): void;
  /** Ends the connection. The process is told nothing, and may come again. */
  destroy(): void;
  /** Where the process is, for people. */
  readonly remote: string;
}

export interface OtherRun extends Run {
  /** Where it is, for people. */
  readonly at: string;
}

/** Why a process may not come in. */
export interface InItsPlace {
  readonly other: OtherRun;
  /** The other one lives, and takes part: the one that comes has to stop. Else it may come again (RUN-4). */
  readonly stops: boolean;
}

export interface Arrival {
  readonly run: Run;
  /** Those on its folder, itself last. */
  readonly runs: readonly Run[];
  readonly takesPart: boolean;
  readonly connection: RunConnection;
}

interface Present {
  readonly run: Run;
  readonly runs: readonly Run[];
  takesPart: boolean;
  readonly connections: Set<RunConnection>;
  /** Told when it has answered, or has no connection left. */
  readonly waiting: Set<(lives: boolean) => void>;
}

export class LiveRuns {
  readonly #clock: Clock;
  readonly #present = new Map<MemberId, Present>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param done Called once, perhaps at once: with the process that is in its place, where it may not come in.
   *   Not called when the connection is closed before.
   */
  arrive(peer: MemberId, arrival: Arrival, done: (other: InItsPlace | undefined) => void): void {
    const { run, runs, takesPart, connection } = arrival;
    if (!connection.isOpen) return;
    const present = this.#present.get(peer);
    if (present === undefined) {
      const connections = new Set([connection]);
      this.#present.set(peer, { run, runs, takesPart, connections, waiting: new Set() });
      done(undefined);
    } else if (present.run.run === run.run) {
      present.connections.add(connection);
      present.takesPart ||= takesPart;
      done(undefined);
    } else
      this.#ask(present, arrival, (lives) => this.#settle(peer, present, arrival, lives, done));
  }

  #settle(
    peer: MemberId,
    present: Present,
    arrival: Arrival,
    lives: boolean,
    done: (other: InItsPlace | undefined) => void,
  ): void {
    const other = { ...present.run, at: remoteOf(present) };
    const isEarlier = present.runs.some(({ run }) => run === arrival.run.run);
    if (!lives) this.#disconnect(peer, present); // RUN-3
    if (!lives && !isEarlier) this.arrive(peer, arrival, done);
    else if (arrival.connection.isOpen)
      done({ other, stops: lives && (present.takesPart || !arrival.takesPart) }); // RUN-4, RUN-6
  }

  /** The process behind this connection, last of those on its folder, as long as it is the one that is present. */
  runsOf(peer: MemberId, connection: RunConnection): readonly Run[] | undefined {
    const present = this.#present.get(peer);
    return present?.connections.has(connection) === true ? present.runs : undefined;
  }

  /** Whether this is the process of the peer that is connected now. */
  isPresent(peer: MemberId, run: string): boolean {
    return this.#present.get(peer)?.run.run === run;
  }

  takesPart(peer: MemberId): void {
    const present = this.#present.get(peer);
    if (present !== undefined) present.takesPart = true;
  }

  answered(peer: MemberId, connection: RunConnection): void {
    const present = this.#present.get(peer);
    if (present?.connections.has(connection) === true) tell(present, true);
  }

  closed(peer: MemberId, connection: RunConnection): void {
    const present = this.#present.get(peer);
    if (present?.connections.delete(connection) !== true || present.connections.size > 0) return;
    this.#present.delete(peer);
    tell(present, false);
  }

  #ask(present: Present, arrival: Arrival, onKnown: (lives: boolean) => void): void {
    const settle = (lives: boolean): void => {
      cancel();
      present.waiting.delete(settle);
      onKnown(lives);
    };
    const cancel = this.#clock.after(livenessTimeoutMs, () => settle(false));
    present.waiting.add(settle);
    const other = { ...arrival.run, at: arrival.connection.remote };
    for (const connection of present.connections) connection.ask(other);
  }

  #disconnect(peer: MemberId, present: Present): void {
    if (this.#present.get(peer) !== present) return;
    this.#present.delete(peer);
    for (const connection of present.connections) connection.destroy();
    tell(present, false);
  }
}

function tell({ waiting }: Present, lives: boolean): void {
  for (const settle of waiting) settle(lives);
}

function remoteOf({ connections }: Present): string {
  for (const { remote } of connections) return remote;
  return 'an unknown place';
}

/** A lease node as a client sees it, over a network that loses, doubles, delays and overtakes. */
import type { LeaseAsk, LeaseRef, Vote, Voter, WaitAsk } from '@holdfast/quorum-client';
import { setIdOf } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import type { LeaseHost } from '@holdfast/quorum/parts';
import type { Machine } from '../world/machine.ts';
import type { Ballots } from './ballots.ts';
import type { LeaseMachine } from './lease-machine.ts';
import type { NetworkLines } from './lines.ts';
import type { Promises } from './promises.ts';

/** A question from one process to another, which may never be answered. */
export function over<T>(
  lines: NetworkLines,
  from: Machine,
  to: LeaseMachine,
  ask: (host: LeaseHost) => T | Promise<T>,
): Promise<T> {
  const { process: asker } = from;
  return new Promise((resolve, reject) => {
    lines.send(from, to.machine, () => {
      const { host } = to;
      if (host === undefined) return;
      const { process } = to.machine;
      const answer = (settle: () => void): void => {
        // A process that has ended answers nothing, and a later one is not told what it did not ask.
        if (to.machine.isOn && to.machine.process === process && from.process === asker)
          lines.send(to.machine, from, settle);
      };
      // What throws at once throws inside the promise.
      new Promise<T>((decide) => decide(ask(host))).then(
        (value) => answer(() => resolve(value)),
        (error: unknown) => answer(() => reject(error)),
      );
    });
  });
}

/** What is told of what nodes do. */
export interface Witnesses {
  readonly ballots: Ballots;
  readonly promises: Promises;
}

export class SimulatedVoter implements Voter {
  readonly name: string;
  readonly #lines: NetworkLines;
  readonly #from: Machine;
  readonly #to: LeaseMachine;
  readonly #ballots: Ballots;
  /** What every request says of the set. */
  readonly #set: { readonly epoch: number; readonly set: string };

  readonly #voters: number;
  readonly #promises: Promises;

  constructor(
    lines: NetworkLines,
    from: Machine,
    to: LeaseMachine,
    { ballots, promises }: Witnesses,
    set: QuorumSet,
  ) {
    this.#set = { epoch: set.epoch, set: setIdOf(set) };
    this.#voters = set.members.length;
    this.name = to.machine.name;
    this.#lines = lines;
    this.#from = from;
    this.#to = to;
    this.#ballots = ballots;
    this.#promises = promises;
  }

  async acquire(ask: LeaseAsk): Promise<Vote> {
    const { resource, leaseId, clientId, ttlMs, waiterId, isNext } = ask;
    this.#promises.asked(this.#from, ask, this.#voters);
    const answer = await this.#ask(async (host) => {
      const atMs = this.#from.now();
      const given = await host.acquire({
        resource,
        ...this.#set,
        lease_id: leaseId,
        client_id: clientId,
        ttl_ms: ttlMs,
        waiter_id: waiterId,
        is_next: isNext,
      });
      if (given.status === 'GRANTED') {
        this.#ballots.granted(this.name, leaseId);
        this.#promises.granted(this.#from, this.name, ask, atMs);
      }
      return given;
    });
    if (answer.status === 'GRANTED') return { type: 'granted', token: answer.token };
    return { type: 'denied', remainingMs: answer.status === 'DENIED' ? answer.remaining_ms : 0 };
  }

  async confirm({ resource, leaseId }: LeaseRef, token: number): Promise<boolean> {
    const body = { resource, ...this.#set, lease_id: leaseId, token };
    return (await this.#ask((host) => host.confirm(body))).status === 'DONE';
  }

  async renew(lease: LeaseRef, ttlMs: number): Promise<boolean> {
    const { resource, leaseId } = lease;
    const body = { resource, ...this.#set, lease_id: leaseId, ttl_ms: ttlMs };
    const { status } = await this.#ask(async (host) => {
      const atMs = this.#from.now();
      const answer = await host.renew(body);
      if (answer.status === 'DONE') this.#promises.renewed(this.#from, this.name, lease, atMs);
      return answer;
    });
    // Once the client has made of it what it will.
    if (status === 'DONE') this.#from.post(0, () => this.#ballots.renewed(resource));
    return status === 'DONE';
  }

  async release({ resource, leaseId }: LeaseRef): Promise<void> {
    await this.#ask(async (host) => {
      await host.release({ resource, ...this.#set, lease_id: leaseId });
      this.#ballots.released(this.name, leaseId);
    });
  }

  async wait(ask: WaitAsk, signal: AbortSignal): Promise<boolean> {
    const { resource, waiterId, waitedMs, beganMs, timeoutMs } = ask;
    const waiter = {
      waiter_id: waiterId,
      waited_ms: waitedMs,
      began_ms: beganMs,
      timeout_ms: timeoutMs,
    };
    // Where the caller goes, its connection does: at once, or never heard of.
    const { status } = await this.#ask((host) =>
      host.wait({ resource, ...this.#set, ...waiter }, signal),
    );
    return status === 'FREE';
  }

  #ask<T>(ask: (host: LeaseHost) => T | Promise<T>): Promise<T> {
    return over(this.#lines, this.#from, this.#to, ask);
  }
}

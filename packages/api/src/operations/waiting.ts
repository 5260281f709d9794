/**
 * Acquires on behalf of callers of this node, which may be gone before they are answered.
 *
 * W1: an acquire that is cancelled is told `wait_abandoned` only when the cluster has agreed that it
 *     holds nothing: a grant that came meanwhile has been given back (spec rule 2.7).
 * W2: when the node stops, every one is answered at once. One that its caller can repeat (it gave a
 *     request id) keeps its place; the others are cancelled, since nobody could ever use the grant.
 */
import { abandonOf, nameOf } from '@holdfast/engine/parts';
import type { Acquire } from '@holdfast/engine/parts';
import { RenewedMap } from '@holdfast/protocol';
import type { CommandResult } from '@holdfast/state';
import { Refused, stoppingProblem } from '../refused.ts';
import { callOptions } from './context.ts';
import type { OperationContext } from './context.ts';

type Settled = CommandResult | Refused;

/** A caller that waits, for whatever. */
export interface Waiting {
  /** The caller wants it no more. */
  abandon(): void;
  /** The caller has gone without a word. */
  callerGone(): void;
  /** The node stops. */
  interrupt(): void;
}

class WaitingAcquire implements Waiting {
  readonly #command: Acquire;
  readonly #context: OperationContext;
  readonly #all: RenewedMap<Waiting, true>;
  #settle: ((settled: Settled) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #givenUp = false;
  #state: 'waiting' | 'granted' | 'refused' = 'waiting';

  /** @param all Where one that waits is counted until it is answered. */
  constructor(command: Acquire, context: OperationContext, all: RenewedMap<Waiting, true>) {
    this.#command = command;
    this.#context = context;
    this.#all = all;
    if (command.waitMs > 0) all.set(this, true);
  }

  /** Whether the caller may come back for it: it gave a number of its own. */
  get canReturn(): boolean {
    return typeof this.#command.requestId === 'number';
  }

  run(): Promise<Settled> {
    return new Promise((resolve, reject) => {
      this.#settle = (settled) => {
        this.#all.delete(this);
        resolve(settled);
      };
      this.#fail = (error) => {
        this.#all.delete(this);
        reject(error);
      };
      this.#context.service.engine.submit(this.#command, callOptions(this.#context)).then(
        (result) => {
          if (this.#givenUp) return;
          this.#state = result.ok ? 'granted' : 'refused';
          this.#settle?.(result);
        },
        (error: Error) => {
          if (!this.#givenUp) this.#fail?.(error);
        },
      );
    });
  }

  /** W1. The caller wants it no more, even where the grant is on its way to it already. */
  abandon(): void {
    if (this.#givenUp || this.#state === 'refused') return;
    this.#givenUp = true;
    const { service, caller } = this.#context;
    const abandon = abandonOf(this.#command);
    if (abandon === undefined) return;
    const name = nameOf(this.#command);
    service.engine.submit(abandon, { identity: caller.identity }).then(
      () => {
        this.#settle?.(
          new Refused('wait_abandoned', `The wait for "${name}" was cancelled by its caller.`, {
            resource: name,
          }),
        );
      },
      (error: Error) => this.#fail?.(error),
    );
  }

  /** The caller has gone without a word. Its place stays only where it can come back for it. */
  callerGone(): void {
    if (!this.canReturn) this.abandon();
  }

  /** W2. */
  interrupt(): void {
    if (!this.canReturn) this.abandon();
    this.#settle?.(stoppingProblem);
  }
}

/** All callers that wait on this node. */
export class WaitingCallers {
  readonly #all = new RenewedMap<Waiting, true>();
  #stopping = false;

  get count(): number {
    return this.#all.size;
  }

  run(command: Acquire, context: OperationContext): Promise<Settled> {
    if (this.#stopping) return Promise.resolve(stoppingProblem);
    const waiting = new WaitingAcquire(command, context, this.#all);
    context.onWait?.(waiting);
    return waiting.run();
  }

  /** Counts a wait of another kind. False: the node stops, nothing begins to wait. */
  track(waiting: Waiting): boolean {
    if (!this.#stopping) this.#all.set(waiting, true);
    return !this.#stopping;
  }

  forget(waiting: Waiting): void {
    this.#all.delete(waiting);
  }

  /** W2: from now on nothing waits here. */
  stop(): void {
    this.#stopping = true;
    for (const waiting of this.#all.keys()) waiting.interrupt();
  }
}

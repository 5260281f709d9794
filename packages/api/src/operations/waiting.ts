/**
 * Acquires that wait in a queue on behalf of callers of this node.
 *
 * W1: an acquire that is given up is told `wait_abandoned` only when the cluster has agreed that it
 *     holds nothing: a grant that came meanwhile has been given back (spec rule 2.7).
 * W2: when the node stops, every one is answered at once. One that its caller can repeat (it gave a
 *     request id) keeps its place; the others are given up, since nobody could ever use the grant.
 */
import type { Command, CommandResult } from '@holdfast/state';
import { Refused, stoppingProblem } from '../refused.ts';
import { callOptions } from './context.ts';
import type { OperationContext } from './context.ts';

export type AcquireCommand = Extract<Command, { readonly type: 'acquire' }>;
/** Whatever waits in a queue. */
type AnyAcquire = AcquireCommand | Extract<Command, { readonly type: 'acquire_permits' }>;
type Settled = CommandResult | Refused;

export class WaitingAcquire {
  readonly #command: AnyAcquire;
  readonly #context: OperationContext;
  readonly #all: Set<WaitingAcquire>;
  #settle: ((settled: Settled) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #givenUp = false;
  #state: 'waiting' | 'granted' | 'refused' = 'waiting';

  /** @param all Where it is counted until it is answered. */
  constructor(command: AnyAcquire, context: OperationContext, all: Set<WaitingAcquire>) {
    this.#command = command;
    this.#context = context;
    this.#all = all;
    all.add(this);
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
    const { type, sessionId, name, requestId } = this.#command;
    const { service, identity } = this.#context;
    const kind = type === 'acquire' ? 'lock' : 'semaphore';
    service.engine.submit({ type: 'abandon', kind, sessionId, name, requestId }, { identity }).then(
      () => {
        this.#settle?.(
          new Refused('wait_abandoned', `The wait for "${name}" was given up by its caller.`, {
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

/** All waiting acquires of this node. */
export class WaitingAcquires {
  readonly #all = new Set<WaitingAcquire>();
  #stopping = false;

  get count(): number {
    return this.#all.size;
  }

  run(command: AnyAcquire, context: OperationContext): Promise<Settled> {
    if (this.#stopping) return Promise.resolve(stoppingProblem);
    const waiting = new WaitingAcquire(command, context, this.#all);
    context.onWait?.(waiting);
    return waiting.run();
  }

  /** W2: from now on nothing waits here. */
  stop(): void {
    this.#stopping = true;
    for (const waiting of this.#all) waiting.interrupt();
  }
}

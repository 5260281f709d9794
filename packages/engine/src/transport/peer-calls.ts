/**
 * Calls between peers: those of this node that wait for an answer, and those of peers that it works on.
 *
 * TRANSPORT-3: a call ends when its answer comes, its time is over, its signal aborts, the connection it left
 *     on breaks, or the engine gives the peer up: no call waits for ever.
 * TRANSPORT-8: an answer belongs to the process that called. Calls are counted anew by each process of a member, and an answer
 *     goes on whatever connection that member has when it is ready: so a call tells the run of its caller
 *     (`run-names.ts`), and an answer tells it back. What was called before a restart is not answered after it.
 * TRANSPORT-9: releases before that tell no run, and work together with this one (FEATURE-2 of `feature-levels.ts`). A call of
 *     theirs is of the process behind its connection, and is answered while that is the one that is connected. An answer of
 *     theirs has its number alone: each process counts from a number that its run's random name gives, so that no other one's is open.
 */
import type { MemberId } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import type { EngineLog } from '../types.ts';
import { FrameError, FrameTooLargeError, frameKinds, parseObject } from './frames.ts';
import type { Frame } from './frames.ts';
import type { Outgoing } from './outgoing.ts';
import { isRunName } from './run-names.ts';
import { CallFailed, CallTooLarge } from './types.ts';
import type { CallHandler } from './types.ts';

/** Calls that wait for an answer, of all peers together: to go through them all takes about a millisecond. */
const maxOpenCalls = 20_000;

interface PendingCall {
  readonly peer: MemberId;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: CallFailed) => void;
  readonly cleanUp: () => void;
}

/** A call of a peer: of which of its processes, and its number there (TRANSPORT-8). */
interface CallName {
  readonly run: string;
  readonly id: number;
}

export interface PeerCallsOptions {
  /** Of this process. */
  readonly run: string;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly onCall: CallHandler;
  readonly answer: (peer: MemberId, body: object) => void;
  /** Whether this process of the peer is connected now. */
  readonly isPresent: (peer: MemberId, run: string) => boolean;
}

export class PeerCalls {
  readonly #options: PeerCallsOptions;
  readonly #calls = new Map<number, PendingCall>();
  /** Calls of peers that this node works on, by `keyOf`, so that they can be cancelled. */
  readonly #working = new Map<string, AbortController>();
  #nextCallId: number;

  constructor(options: PeerCallsOptions) {
    this.#options = options;
    this.#nextCallId = firstCallId(options.run);
  }

  call(
    to: MemberId,
    outgoing: Outgoing | undefined,
    request: unknown,
    { signal, timeoutMs }: { readonly signal: AbortSignal | undefined; readonly timeoutMs: number },
  ): Promise<unknown> {
    if (outgoing === undefined)
      return Promise.reject(new CallFailed(false, `no connection to ${to}`));
    if (this.#calls.size >= maxOpenCalls)
      return Promise.reject(new CallFailed(false, `${String(maxOpenCalls)} calls are unanswered`));
    const id = this.#nextCallId++;
    const { run } = this.#options;
    return new Promise((resolve, reject) => {
      const cancelRemote = (): void => {
        outgoing.sendJson(frameKinds.cancel, { id, run });
      };
      const cancelTimer = this.#options.clock.after(timeoutMs, () => {
        cancelRemote();
        this.#settle(id)?.reject(
          new CallFailed(true, `${to} did not answer in ${String(timeoutMs)} ms`),
        );
      });
      signal?.addEventListener('abort', cancelRemote);
      this.#calls.set(id, {
        peer: to,
        resolve,
        reject,
        cleanUp: () => {
          cancelTimer();
          signal?.removeEventListener('abort', cancelRemote);
        },
      });
      const failure = sendCall(outgoing, to, { id, run, request });
      if (failure !== undefined) this.#settle(id)?.reject(failure);
      else if (signal?.aborted === true) cancelRemote();
    });
  }

  interrupt(peer: MemberId, graceMs: number): void {
    const ids = [...this.#calls].filter(([, call]) => call.peer === peer).map(([id]) => id);
    if (ids.length === 0) return;
    this.#options.clock.after(graceMs, () => {
      for (const id of ids)
        this.#settle(id)?.reject(new CallFailed(true, `${peer} leads no longer`));
    });
  }

  /** The connection to this peer broke. TRANSPORT-3. */
  fail(peer: MemberId): void {
    for (const [id, call] of this.#calls) {
      if (call.peer !== peer) continue;
      this.#settle(id)?.reject(new CallFailed(true, `the connection to ${peer} broke`));
    }
  }

  /** This node works on nothing any more. */
  abortAll(): void {
    for (const controller of this.#working.values()) controller.abort();
  }

  /**
   * A call, an answer, or that a call is of no use any more.
   *
   * @param from The run behind the connection that it came on.
   * @throws FrameError
   */
  receive(peer: MemberId, { kind, body }: Frame, from: string): void {
    const content = parseObject(body.toString('utf8'), 'call or answer');
    const { id } = content;
    if (typeof id !== 'number') throw new FrameError('a call or an answer has no id');
    const isTold = content['run'] !== undefined;
    // TRANSPORT-9
    const unnamed = kind === frameKinds.answer ? this.#options.run : from;
    const run = isTold ? content['run'] : unnamed;
    if (!isRunName(run)) throw new FrameError('a call or an answer has no run');
    if (kind === frameKinds.call) this.#work(peer, { run, id }, content['request'], isTold);
    else if (kind === frameKinds.cancel) this.#working.get(keyOf(peer, { run, id }))?.abort();
    else if (kind !== frameKinds.answer) throw new FrameError('a second hello');
    else if (run !== this.#options.run)
      return; // TRANSPORT-8
    else if (this.#calls.get(id)?.peer !== peer)
      return; // Cancelled, or never asked of this peer.
    else if (typeof content['tooLarge'] === 'string')
      this.#settle(id)?.reject(new CallTooLarge(true, content['tooLarge']));
    else this.#settle(id)?.resolve(content['answer']);
  }

  #settle(id: number): PendingCall | undefined {
    const call = this.#calls.get(id);
    if (call !== undefined) {
      this.#calls.delete(id);
      call.cleanUp();
    }
    return call;
  }

  /** @param isTold Whether the caller looks whose answer it is; else nobody but this run may be sent it (TRANSPORT-9). */
  #work(peer: MemberId, name: CallName, request: unknown, isTold: boolean): void {
    const { isPresent, onCall, log } = this.#options;
    const answer = (to: MemberId, body: object): void => {
      if (isTold || isPresent(to, name.run)) this.#options.answer(to, body);
    };
    const key = keyOf(peer, name);
    const controller = new AbortController();
    this.#working.set(key, controller);
    onCall(peer, request, controller.signal)
      .then((value) => answer(peer, { ...name, answer: value }))
      .catch((error: unknown) => {
        if (!(error instanceof FrameTooLargeError)) throw error;
        answer(peer, { ...name, tooLarge: error.message });
      })
      .catch((error: unknown) => log.error({ peer, error: String(error) }, 'A call failed.'))
      .finally(() => this.#working.delete(key));
  }
}

/** TRANSPORT-9. Of the first 48 bits of the name, so that as many calls as a process makes can be counted from there. */
const firstCallId = (run: string): number => Number.parseInt(run.slice(0, 12), 16) || 1;

const keyOf = (peer: MemberId, { run, id }: CallName): string => `${peer}/${run}/${String(id)}`;

/** Returns why it was not sent, if it was not (FRAME-1). */
function sendCall(outgoing: Outgoing, to: MemberId, body: object): CallFailed | undefined {
  try {
    if (outgoing.sendJson(frameKinds.call, body)) return undefined;
    return new CallFailed(false, `no connection to ${to}`);
  } catch (error) {
    if (error instanceof FrameTooLargeError) return new CallTooLarge(false, error.message);
    throw error;
  }
}

/**
 * A candidacy that stands as long as its call: the place in the queue, the leadership, its end.
 *
 * GRPC-5: whoever leads by a call listens to the events of this node before it asks, and looks again once it
 *     is elected and where events were missed: the end of the leadership is told, however it came.
 * GRPC-6: a call that its caller ends leaves nothing behind: no place in the queue, no leadership. One that
 *     the node ends, since it stops, leaves both to a caller who can come back for them.
 */
import { cancelReasons } from '@holdfast/engine/parts';
import type { Event, SessionId } from '@holdfast/state';
import type { OperationContext } from '../operations/context.ts';
import { electionLeader } from '../operations/elections.ts';
import { placeOfSession } from '../operations/sessions.ts';
import type { ApiLog } from '../log.ts';
import { RequestError } from '../request-error.ts';
import type { Plain } from './codec.ts';
import { operationOf, performed } from '../pipeline/perform.ts';
import { defectOf } from './performing.ts';
import type { StreamCall } from './stream-call.ts';

const campaign = operationOf('campaign');
const resign = operationOf('resign');
const lookAgainMs = 1000;
/** Leaderships of this election that ended while the own one was not known yet. */
const mostEndsKept = 64;

export class Candidacy {
  readonly #body: Plain;
  readonly #context: OperationContext;
  readonly #stream: StreamCall;
  readonly #log: ApiLog;
  readonly #ends = new Map<number, string>();
  /** Of its wait, until it has an answer. */
  #cancellation: AbortController | undefined;
  #token: number | undefined;
  #place: number | undefined;
  /** Of the session that waits. */
  #sessionId: SessionId | undefined;
  #looksSoon = false;
  /** Behind those that the election shows: to count who is ahead takes long there. */
  #isFarBehind = false;
  #room = true;

  constructor(body: Plain, context: OperationContext, stream: StreamCall, log: ApiLog) {
    this.#body = body;
    this.#context = context;
    this.#stream = stream;
    this.#log = log;
  }

  /** Resolves when it is elected, or is not going to be. */
  async run(): Promise<void> {
    const stream = this.#stream;
    const { feed } = this.#context.service;
    const unsubscribe = feed.onRaw(
      [`election ${String(this.#body['name'])}`],
      (event) => this.#hear(event),
      () => this.#proveLater(0),
    ); // GRPC-5
    stream.onEnd(() => {
      unsubscribe();
      if (stream.callerGone) this.#cancel(); // GRPC-6
    });
    stream.onDrain(() => {
      this.#room = true;
      this.#tellPlaceSoon();
    });
    const onWait = (cancellation: AbortController, sessionId?: SessionId): void => {
      this.#cancellation = cancellation;
      this.#sessionId = sessionId;
      if (stream.callerGone) cancellation.abort(cancelReasons.cancelled);
    };
    const context = { ...this.#context, onWait };
    const onDefect = defectOf({ log: this.#log }, campaign.name);
    const outcome = await performed(campaign, this.#body, context, onDefect);
    this.#cancellation = undefined;
    if (outcome instanceof RequestError) {
      stream.fail(outcome);
      return;
    }
    if ('fence_token' in outcome && typeof outcome.fence_token === 'number')
      this.#token = outcome.fence_token;
    if (stream.callerGone) {
      this.#cancel();
      return;
    }
    stream.send({ elected: outcome });
    this.#tellEnd();
    this.#proveLater(0);
  }

  // ---- the queue --------------------------------------------------------------------------------

  #hear(event: Event): void {
    if (!('kind' in event) || event.kind !== 'election' || event.name !== this.#body['name'])
      return;
    if (event.type === 'hold_ended') {
      this.#ends.set(
        event.fenceToken,
        event.reason === 'session_ended' ? 'released' : event.reason,
      );
      for (const oldest of this.#ends.keys()) {
        if (this.#ends.size <= mostEndsKept) break;
        this.#ends.delete(oldest);
      }
      this.#tellEnd();
    }
    this.#tellPlaceSoon();
  }

  #tellPlaceSoon(): void {
    if (this.#cancellation === undefined || this.#looksSoon || !this.#room) return;
    this.#looksSoon = true;
    const look = (): void => {
      this.#looksSoon = false;
      this.#tellPlace().catch((error: unknown) => {
        this.#log.warn({ error: String(error) }, 'A position in a wait queue could not be read.');
      });
    };
    const { after, endOfTurn } = this.#context.service;
    if (this.#isFarBehind) after(lookAgainMs, look);
    else endOfTurn(look);
  }

  async #tellPlace(): Promise<void> {
    if (this.#isDecided()) return;
    const position = await this.#position();
    if (this.#isDecided() || position === undefined || position === this.#place) return;
    this.#place = position;
    this.#room = this.#stream.send({ queued: { position } });
  }

  #isDecided(): boolean {
    return this.#cancellation === undefined || this.#stream.isOver;
  }

  /** By its own session: others of the same client id may wait as well. */
  async #position(): Promise<number | undefined> {
    const name = String(this.#body['name']);
    const { candidates, candidate_count: count } = await electionLeader(
      { name, consistency: 'stale' },
      this.#context,
    );
    const own = candidates.find(({ session_id }) => session_id === this.#sessionId);
    this.#isFarBehind = own === undefined && count > candidates.length;
    if (!this.#isFarBehind || this.#sessionId === undefined) return own?.position;
    return placeOfSession(this.#sessionId, { kind: 'election', name }, this.#context);
  }

  // ---- the leadership ---------------------------------------------------------------------------

  #tellEnd(reason = this.#token === undefined ? undefined : this.#ends.get(this.#token)): void {
    if (reason === undefined || this.#token === undefined || this.#stream.isOver) return;
    this.#stream.send({ ended: { reason } });
    this.#token = undefined;
    this.#stream.end();
  }

  /** GRPC-5. */
  #proveLater(delayMs: number): void {
    if (this.#token === undefined || this.#stream.isOver) return;
    const cancel = this.#context.service.after(delayMs, () => {
      this.#prove().catch(() => this.#proveLater(lookAgainMs)); // No leader now: it is asked again.
    });
    this.#stream.onEnd(cancel);
  }

  async #prove(): Promise<void> {
    const { leader } = await electionLeader({ name: String(this.#body['name']) }, this.#context);
    if (leader?.fence_token === this.#token) return;
    this.#tellEnd(this.#ends.get(this.#token ?? 0) ?? 'unknown');
  }

  /** GRPC-6. */
  #cancel(): void {
    this.#cancellation?.abort(cancelReasons.cancelled);
    const { name, session_id, client_id } = this.#body;
    if (this.#token === undefined) return;
    const body = {
      name,
      fence_token: this.#token,
      ...(session_id === undefined ? { client_id } : { session_id }),
    };
    this.#token = undefined;
    const onDefect = defectOf({ log: this.#log }, resign.name);
    void performed(resign, body, this.#context, onDefect).then((outcome) => {
      // It ends with its session at the latest.
      if (outcome instanceof RequestError && outcome.code !== 'not_holder')
        this.#log.warn(
          { code: outcome.code, election: name },
          'A leadership could not be resigned.',
        );
    });
  }
}

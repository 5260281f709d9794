/**
 * In which turn of the event loop requests of HTTP are begun.
 *
 * HTTP-TURN-1: what is done with a request once its caller is known, with a body or without one, is counted for the turn in which it is
 *     begun, and where that is used up it waits for one of the next ones (REQUEST-TURN-1); large ones do so as large ones
 *     (REQUEST-TURN-3). Too many are refused (REQUEST-TURN-4).
 * HTTP-TURN-2: requests of one connection are begun in the order in which they came. Behind one that waits the others are in no queue of
 *     the node yet: each waits as what it is, small or large and its own caller's, from when the one before it is begun.
 * HTTP-TURN-3: of a connection that has ended nothing is begun any more: its client may have sent it again elsewhere.
 * HTTP-TURN-4: what is thrown while a request is begun in a later turn is the answer of that request: it would end the node.
 * HTTP-TURN-5: a body has come wholly when it is refused, or is no JSON, so the connection goes on: what was sent behind it is answered.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Fifo } from '@holdfast/engine/parts';
import { RequestError } from '../request-error.ts';
import type { RequestTurns, TurnRequest, TurnRoom } from '../turns/request-turns.ts';
import { waitsAmong } from '../turns/request-turns.ts';
import { parseJsonBody } from './json-body.ts';
import { asError } from './problems.ts';

/** As far as it is looked at. */
interface Connection {
  readonly destroyed: boolean;
}

export interface HttpTurn extends TurnRequest {
  readonly connection: Connection;
  /** It cannot be begun. Called at most once, perhaps after `begin` (HTTP-TURN-4). */
  fail(error: Error): void;
}

interface Waiting {
  readonly turn: HttpTurn;
  readonly room: TurnRoom;
}

export class HttpTurns {
  readonly #turns: RequestTurns;
  /** Of each connection the next one first. */
  readonly #waiting = new Map<Connection, Fifo<Waiting>>();

  constructor(turns: RequestTurns) {
    this.#turns = turns;
  }

  /** Of which something waits. */
  get connections(): number {
    return this.#waiting.size;
  }

  begin(turn: HttpTurn): void {
    const before = this.#waiting.get(turn.connection);
    if (before === undefined && this.#turns.mayBegin(turn.byteLength)) {
      this.#turns.timed(turn);
      return;
    }
    const room = this.#turns.takeRoom(turn);
    if (room instanceof RequestError) {
      turn.fail(asError(room));
      return;
    }
    const own = before ?? new Fifo();
    own.push({ turn, room });
    if (before !== undefined) return; // HTTP-TURN-2
    this.#waiting.set(turn.connection, own);
    this.#waitForNext(turn.connection, own);
  }

  #waitForNext(connection: Connection, own: Fifo<Waiting>): void {
    const next = own.peek();
    if (next === undefined) {
      this.#waiting.delete(connection);
      return;
    }
    const { turn, room } = next;
    this.#turns.wait(turn.share, waitsAmong(turn), () => {
      own.shift();
      room.giveBack();
      try {
        if (!connection.destroyed) this.#turns.timed(turn); // HTTP-TURN-3
      } catch (error) {
        turn.fail(error instanceof Error ? error : new Error(String(error))); // HTTP-TURN-4
      } finally {
        this.#waitForNext(connection, own);
      }
    });
  }
}

/** What is known of a request before its turn. */
export interface BeforeTurn {
  onBody(request: FastifyRequest, byteLength: number): void;
  /** Whose limits it counts for. */
  shareOf(request: FastifyRequest): string | undefined;
  isForHolders(request: FastifyRequest): boolean;
}

/** What each request counts for is enough for so many (REQUEST-TURN-4). */
const countedHeadBytes = 4096;

/** Two texts and an entry of an object for each header: 900 of 20 bytes take 86 KB. */
function headBytes(rawHeaders: readonly string[]): number {
  let bytes = -countedHeadBytes;
  for (const text of rawHeaders) bytes += 40 + text.length;
  return Math.max(0, bytes);
}

export function beginInTurns(app: FastifyInstance, turns: HttpTurns, before: BeforeTurn): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    before.onBody(request, body.length);
    done(null, body); // An error here would end the connection (HTTP-TURN-5).
  });
  app.addHook('preValidation', (request, _reply, done) => {
    const { body } = request;
    const bytes = body instanceof Buffer ? body : undefined;
    turns.begin({
      connection: request.raw.socket,
      share: before.shareOf(request),
      byteLength: bytes?.length ?? 0,
      headBytes: () => headBytes(request.raw.rawHeaders),
      isForHolders: () => before.isForHolders(request),
      begin: () => {
        try {
          if (bytes !== undefined) request.body = parseJsonBody(bytes);
        } catch (error) {
          done(error as Error);
          return;
        }
        done();
      },
      fail: done,
    });
  });
}

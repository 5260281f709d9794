/**
 * In which turn of the event loop requests of HTTP are begun.
 *
 * HTTP-TURN-1: what is done with a request is counted for the turn in which it is begun, and where that is used up it waits for one of
 *     the next ones (REQUEST-TURN-1); large ones do so as large ones (REQUEST-TURN-3). Too many are refused (REQUEST-TURN-4).
 * HTTP-TURN-2: requests of one connection are begun in the order in which they came: behind one that waits the others wait as well,
 *     whatever their size, and those without a body.
 * HTTP-TURN-3: of a connection that has ended nothing is begun any more: its client may have sent it again elsewhere.
 * HTTP-TURN-4: what is thrown while a request is begun in a later turn is the answer of that request: it would end the node.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RequestTurns } from '../turns/request-turns.ts';
import { largeBytes } from '../turns/request-turns.ts';
import { parseJsonBody } from './json-body.ts';
import { asError } from './problems.ts';

/** What of a connection waits: in one queue, that of the first of it. */
interface Waiting {
  readonly share: string | undefined;
  readonly isLarge: boolean;
  count: number;
}

/** As far as it is looked at. */
interface Connection {
  readonly destroyed: boolean;
}

export interface HttpTurn {
  readonly connection: Connection;
  readonly share: string | undefined;
  readonly byteLength: number;
  begin(): void;
  /** It cannot be begun. Called at most once, perhaps after `begin` (HTTP-TURN-4). */
  fail(error: Error): void;
}

export class HttpTurns {
  readonly #turns: RequestTurns;
  readonly #waiting = new Map<Connection, Waiting>();

  constructor(turns: RequestTurns) {
    this.#turns = turns;
  }

  /** Whether something that came before on the same connection waits. */
  isWaiting(connection: Connection): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(connection);
  }

  begin(turn: HttpTurn): void {
    const { connection, share, byteLength } = turn;
    if (!this.isWaiting(connection) && this.#turns.mayBegin(byteLength)) {
      this.#turns.timed(turn);
      return;
    }
    const isLarge = byteLength >= largeBytes;
    const waiting = this.#waiting.get(connection) ?? { share, isLarge, count: 0 };
    const begin = (): void => {
      waiting.count -= 1;
      if (waiting.count === 0) this.#waiting.delete(connection);
      if (connection.destroyed) return; // HTTP-TURN-3
      try {
        turn.begin();
      } catch (error) {
        turn.fail(error instanceof Error ? error : new Error(String(error))); // HTTP-TURN-4
      }
    };
    const later = { share: waiting.share, byteLength, begin };
    const refused = this.#turns.beginLater(later, waiting.isLarge);
    if (refused !== undefined) {
      turn.fail(asError(refused));
      return;
    }
    waiting.count += 1;
    this.#waiting.set(connection, waiting); // HTTP-TURN-2
  }
}

/** @param shareOf Whose limits a request counts for. */
export function beginInTurns(
  app: FastifyInstance,
  turns: HttpTurns,
  onBody: (request: FastifyRequest, byteLength: number) => void,
  shareOf: (request: FastifyRequest) => string | undefined,
): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    onBody(request, body.length);
    const begin = (): void => {
      let parsed: unknown;
      try {
        parsed = parseJsonBody(body as Buffer);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null, parsed);
    };
    turns.begin({
      connection: request.raw.socket,
      share: shareOf(request),
      byteLength: body.length,
      begin,
      fail: done,
    });
  });
  app.addHook('preValidation', (request, _reply, done) => {
    const connection = request.raw.socket;
    // One with a body has had its turn.
    if (request.body !== undefined || !turns.isWaiting(connection)) done();
    else
      turns.begin({
        connection,
        share: shareOf(request),
        byteLength: 0,
        begin: done,
        fail: done,
      });
  });
}

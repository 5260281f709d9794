/**
 * The sessions that a client uses on its stream: it is told when one of them ends, and when others end a hold of one.
 *
 * FOLLOWED-1: a session is followed from before the request that names it is executed: an end that comes right after the grant is
 *     told as well.
 * FOLLOWED-2: a name stays while a request under it is unanswered, and after one that was done, until the session is not there any
 *     more: names that anybody makes up, with or without a right, take no memory.
 * FOLLOWED-3: a client relies on being told. So where more sessions are followed than may be, a request of one more is refused; what
 *     keeps or gives back is not (STREAM-5).
 * FOLLOWED-4: a session that was created on the stream is followed without being named; one is not followed for the request that
 *     ends it.
 */
import type { Operation } from '@holdfast/contract';
import { ofHolders } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import type { Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';

const mostFollowed = 100_000;
const notThere: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'session_not_found',
  'session_expired',
]);

export interface FollowedParts {
  /** Events of this session are told from now on. */
  readonly begin: (sessionId: string) => void;
  readonly end: (sessionId: string) => void;
  /** Fewer in tests. */
  readonly most?: number;
}

/** A session that requests name. */
export interface Followed {
  readonly sessionId: string;
  unanswered: number;
  /** A request under it was done. */
  wasThere: boolean;
}

export class FollowedSessions {
  readonly #parts: FollowedParts;
  readonly #byId = new Map<string, Followed>();

  constructor(parts: FollowedParts) {
    this.#parts = parts;
  }

  get ids(): Iterable<string> {
    return this.#byId.keys();
  }

  /** Before the request is executed (FOLLOWED-1). Undefined: it names none. */
  name(operation: Operation, body: unknown): Followed | RequestError | undefined {
    const sessionId = sessionIn(body);
    if (sessionId === undefined) return this.#isFullFor(operation) ? this.#full() : undefined;
    if (operation.sessionEffect === 'ends') return undefined; // FOLLOWED-4
    let followed = this.#byId.get(sessionId);
    if (followed === undefined) {
      if (this.#isFull) return ofHolders.has(operation.name) ? undefined : this.#full();
      followed = this.#follow(sessionId);
    }
    followed.unanswered += 1;
    return followed;
  }

  /** FOLLOWED-2. */
  answered(followed: Followed, outcome: Outcome<object>): void {
    followed.unanswered -= 1;
    const isRefused = outcome instanceof RequestError;
    if (!isRefused) followed.wasThere = true;
    const isGone = isRefused && notThere.has(outcome.code);
    if (isGone || (!followed.wasThere && followed.unanswered === 0)) this.ended(followed.sessionId);
  }

  /** Of a request that named none (FOLLOWED-4). */
  answeredUnnamed({ sessionEffect }: Operation, outcome: Outcome<object>): void {
    if (sessionEffect !== 'creates' || outcome instanceof RequestError) return;
    const sessionId = sessionIn(outcome);
    if (sessionId === undefined) return;
    const followed = this.#byId.get(sessionId) ?? this.#follow(sessionId);
    followed.wasThere = true;
  }

  ended(sessionId: string): void {
    if (this.#byId.delete(sessionId)) this.#parts.end(sessionId);
  }

  get #isFull(): boolean {
    return this.#byId.size >= (this.#parts.most ?? mostFollowed);
  }

  /** What creates a session is refused before it does. */
  #isFullFor({ sessionEffect }: Operation): boolean {
    return sessionEffect === 'creates' && this.#isFull;
  }

  #follow(sessionId: string): Followed {
    const followed = { sessionId, unanswered: 0, wasThere: false };
    this.#byId.set(sessionId, followed);
    this.#parts.begin(sessionId);
    return followed;
  }

  /** FOLLOWED-3. */
  #full(): RequestError {
    const limit = this.#parts.most ?? mostFollowed;
    return new RequestError(
      'limit_exceeded',
      `This stream uses ${String(limit)} sessions, which is the limit of one stream. The request was not executed. Use another stream.`,
      { limit: 'max_sessions_per_stream', value: limit, scope: 'node' },
    );
  }
}

function sessionIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('session_id' in value)) return undefined;
  return typeof value.session_id === 'string' ? value.session_id : undefined;
}

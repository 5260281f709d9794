/**
 * Finds out which holds the cluster ended while nothing could be told: first by a digest, which costs the
 * cluster nothing, and only where that differs page by page.
 *
 * HOLDS-CHECK-1: judged are the holds that were known before the first read of a check: their grants came before
 *      whatever that check reads. What is acquired meanwhile is left to the next one.
 * HOLDS-CHECK-2: an equal digest proves that all holds stood when it was read. It is compared with what was known when
 *      it was asked for and with what is known when it comes: grants and releases may be under way.
 * HOLDS-CHECK-3: a hold keeps its place among the pages from its first grant to its end, so one that is on none of
 *      them had ended when the page of its place was read. Only when all have been read is anything lost.
 * HOLDS-CHECK-4: a check that is wanted while another is under way follows it: what that one read may be older than
 *      the reason for this one.
 * HOLDS-CHECK-5: a check begins when the connection breaks, not only when there is another: without a request no
 *      other is sought. For connections that come and go one check a second begins, at most.
 */
import type { SessionLocksAnswer, SessionLocksBody } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import type { Held } from './held.ts';
import type { Holdings } from './holdings.ts';

const holdsOnAPage = 1000;
const againMs = 1000;
/** How often the digest is asked for while requests of the session are under way. */
const digestTries = 3;

/** The session whose holds are checked. */
export interface CheckedSession {
  readonly isActive: () => boolean;
  /** No request that may change its holds is under way. */
  readonly isQuiet: () => boolean;
  readonly ask: (page: Omit<SessionLocksBody, 'session_id'>) => Promise<SessionLocksAnswer>;
  /** The cluster does not have it any more. */
  readonly lost: (held: Held) => void;
}

export class HoldsCheck {
  readonly #holdings: Holdings;
  readonly #session: CheckedSession;
  readonly #clock: ClientClock;
  #isRunning = false;
  #isWanted = false;
  #isPlanned = false;
  /** When the last check began for a connection that came or went. */
  #begunAtMs = Number.NEGATIVE_INFINITY;

  constructor(holdings: Holdings, session: CheckedSession, clock: ClientClock) {
    this.#holdings = holdings;
    this.#session = session;
    this.#clock = clock;
  }

  /** HOLDS-CHECK-5: now, or a second later where one began less than a second ago. */
  soon(): void {
    const nowMs = this.#clock.now();
    if (nowMs - this.#begunAtMs < againMs) {
      this.#plan();
      return;
    }
    this.#begunAtMs = nowMs;
    void this.run();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#clock.after(againMs, () => {
      this.#isPlanned = false;
      void this.run();
    });
  }

  /** Never rejects: a check that fails is made again a little later. */
  async run(): Promise<void> {
    this.#isWanted = true;
    if (this.#isRunning) return; // HOLDS-CHECK-4
    this.#isRunning = true;
    try {
      while (this.#isWanted && this.#session.isActive()) {
        this.#isWanted = false;
        await this.#check();
      }
    } catch {
      // The keepalive tells what became of the session; what became of a hold has to be asked again.
      this.#plan();
    } finally {
      this.#isRunning = false;
    }
  }

  async #check(): Promise<void> {
    const known = new Set(this.#holdings.all()); // HOLDS-CHECK-1
    if (known.size === 0 || (await this.#isUnchanged())) return;
    const standing = await this.#read(known);
    if (standing === undefined) return;
    for (const held of known)
      if (this.#holdings.has(held) && !standing.has(held)) this.#session.lost(held);
  }

  /** HOLDS-CHECK-2. */
  async #isUnchanged(): Promise<boolean> {
    for (let tries = 0; tries < digestTries && this.#session.isActive(); tries++) {
      const { digest, changes } = this.#holdings;
      const isQuiet = this.#session.isQuiet();
      const answer = await this.#session.ask({ limit: 0 });
      const told = `${String(answer.total_holds)} ${answer.digest}`;
      if (told === digest || told === this.#holdings.digest) return true;
      if (isQuiet && this.#session.isQuiet() && changes === this.#holdings.changes) return false;
    }
    return false;
  }

  /** Those of `known` that are on a page; undefined: the session is over. */
  async #read(known: ReadonlySet<Held>): Promise<ReadonlySet<Held> | undefined> {
    const standing = new Set<Held>();
    let after: number | null = 0;
    while (after !== null) {
      if (!this.#session.isActive()) return undefined;
      const page: SessionLocksAnswer = await this.#session.ask({ after, limit: holdsOnAPage });
      for (const { held, firstToken } of this.#onPage(page)) {
        if (!known.has(held)) continue;
        standing.add(held);
        this.#holdings.confirm(held, firstToken);
      }
      after = page.next_after;
    }
    return standing; // HOLDS-CHECK-3
  }

  *#onPage({ holds, permits, leaderships }: SessionLocksAnswer): Generator<{
    readonly held: Held;
    readonly firstToken: number;
  }> {
    for (const { resource, fence_token, first_fence_token: firstToken } of holds)
      for (const held of this.#holdings.of('lock', resource, fence_token))
        if (held.fenceToken >= firstToken && held.fenceToken <= fence_token)
          yield { held, firstToken };
    for (const { resource, fence_token: firstToken } of permits)
      for (const held of this.#holdings.of('semaphore', resource, firstToken))
        yield { held, firstToken };
    for (const { resource, fence_token: firstToken } of leaderships)
      for (const held of this.#holdings.of('election', resource, firstToken))
        if (held.fenceToken === firstToken) yield { held, firstToken };
  }
}

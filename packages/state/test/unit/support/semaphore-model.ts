/** What semaphores should do, in the plainest way: lists that are searched. */
import type { Command, FenceToken, SemaphoreView } from '../../../src/index.ts';
import { leadsBack } from './cycle.ts';
import type { Tie } from './cycle.ts';
import { createCommand, id, lockName } from './driver.ts';

export type SemaphoreStep =
  | {
      readonly type: 'acquire';
      readonly session: string;
      readonly name: string;
      readonly permits: number;
      readonly limit: number | undefined;
      readonly waitMs: number;
      readonly request: number;
    }
  | {
      readonly type: 'release';
      readonly session: string;
      readonly name: string;
      readonly which: number;
      readonly request: number | undefined;
    }
  | {
      readonly type: 'abandon';
      readonly session: string;
      readonly name: string;
      readonly request: number;
    }
  | { readonly type: 'create' | 'resize'; readonly name: string; readonly limit: number }
  | { readonly type: 'delete'; readonly name: string }
  | { readonly type: 'begin' | 'end' | 'expire'; readonly session: string }
  | { readonly type: 'time'; readonly byMs: number }
  | { readonly type: 'restore' };

interface Taken {
  readonly session: string;
  readonly permits: number;
  readonly token: number;
}

interface Waiting {
  readonly session: string;
  readonly permits: number;
  readonly request: Request;
  readonly untilMs: number;
  readonly born: number;
}

interface Semaphore {
  readonly name: string;
  limit: number;
  persistent: boolean;
  taken: Taken[];
  queue: Waiting[];
}

interface Request {
  readonly kind: 'acquire' | 'release';
  readonly name: string;
  readonly permits?: number | undefined;
  readonly token?: number;
  answer: string;
}

export class SemaphoreModel {
  timeMs = 0;
  #token = 0;
  #born = 0;
  #semaphores: Semaphore[] = [];
  /** Requests of each session that lives. */
  readonly #sessions = new Map<string, Map<number, Request>>();
  readonly #ended = new Set<string>();

  execute(step: Exclude<SemaphoreStep, { readonly type: 'restore' }>): {
    readonly command: Command;
    readonly expected: string;
  } {
    if (step.type === 'time') this.timeMs += step.byMs;
    this.#runOut();
    switch (step.type) {
      case 'acquire':
        return { command: acquireCommand(step), expected: this.#acquire(step) };
      case 'release': {
        const token = this.#tokenFor(step);
        return { command: releaseCommand(step, token), expected: this.#release(step, token) };
      }
      case 'abandon': {
        const { session, name, request: requestId } = step;
        const command = {
          type: 'abandon',
          kind: 'semaphore',
          sessionId: id(session),
          name: lockName(name),
          requestId,
        } as const;
        return { command, expected: this.#cancel(step) };
      }
      case 'create':
      case 'resize':
        return {
          command: {
            type: step.type === 'create' ? 'create_semaphore' : 'resize_semaphore',
            name: lockName(step.name),
            limit: step.limit,
          },
          expected: step.type === 'create' ? this.#create(step) : this.#resize(step),
        };
      case 'delete':
        return {
          command: { type: 'delete_semaphore', name: lockName(step.name) },
          expected: this.#delete(step.name),
        };
      case 'begin':
        return { command: createCommand(step.session), expected: this.#begin(step.session) };
      case 'end':
      case 'expire':
        return this.#end(step.type, step.session);
      case 'time':
        return { command: { type: 'advance' }, expected: 'advanced' };
    }
  }

  line(name: string): string | undefined {
    const found = this.#find(name);
    if (found === undefined) return undefined;
    const { limit, persistent, taken, queue } = found;
    return JSON.stringify([
      limit,
      this.#free(found),
      persistent,
      taken.map(({ session, permits, token }) => [session, permits, token]),
      queue.map(({ session, permits }) => [session, permits]),
    ]);
  }

  lineOf({ limit, free, persistent, holders, waiters }: SemaphoreView): string {
    return JSON.stringify([
      limit,
      free,
      persistent,
      holders.map(({ sessionId, permits, fenceToken }) => [sessionId, permits, fenceToken]),
      waiters.map(({ sessionId, permits }) => [sessionId, permits]),
    ]);
  }

  #find(name: string): Semaphore | undefined {
    return this.#semaphores.find((semaphore) => semaphore.name === name);
  }

  #free({ limit, taken }: Semaphore): number {
    return taken.reduce((free, { permits }) => free - permits, limit);
  }

  #missing(session: string): string {
    return this.#ended.has(session) ? 'session_expired' : 'session_not_found';
  }

  #acquire({
    session,
    name,
    permits,
    limit,
    waitMs,
    request,
  }: Extract<SemaphoreStep, { type: 'acquire' }>): string {
    const requests = this.#sessions.get(session);
    if (requests === undefined) return this.#missing(session);
    const known = requests.get(request);
    if (known !== undefined) {
      if (known.kind !== 'acquire' || known.name !== name) return 'request_reused';
      if (known.permits !== undefined && known.permits !== permits) return 'request_reused';
      const queue = this.#find(name)?.queue ?? [];
      const place = queue.findIndex((waiting) => waiting.request === known);
      if (place < 0) return known.answer;
      return waitMs === 0 ? 'request_reused' : `queued ${String(place + 1)}`;
    }
    const asked: Request = { kind: 'acquire', name, permits, answer: '' };
    requests.set(request, asked);
    const found = this.#find(name);
    const refusal = (): string | undefined => {
      if (found === undefined && limit === undefined) return 'semaphore_not_found';
      if (found !== undefined && limit !== undefined && limit !== found.limit)
        return 'limit_mismatch';
      if (permits > (found?.limit ?? limit ?? 0)) return 'limit_exceeded';
      const busy = found !== undefined && (found.queue.length > 0 || this.#free(found) < permits);
      return busy && waitMs === 0 ? 'no_permits' : undefined;
    };
    const refused = refusal();
    if (refused !== undefined) {
      asked.answer = refused;
      return refused;
    }
    let semaphore = found;
    if (semaphore === undefined) {
      semaphore = { name, limit: limit ?? 0, persistent: false, taken: [], queue: [] };
      this.#semaphores.push(semaphore);
    }
    if (semaphore.queue.length === 0 && this.#free(semaphore) >= permits)
      return this.#give(semaphore, session, permits, asked);
    if (this.#closesCycle(semaphore, session, permits)) {
      asked.answer = 'deadlock';
      return asked.answer;
    }
    const untilMs = this.timeMs + waitMs;
    semaphore.queue.push({ session, permits, request: asked, untilMs, born: this.#born++ });
    return `queued ${String(semaphore.queue.length)}`;
  }

  /** Everybody who waits for whom, and whether that leads from this session back to it. */
  #closesCycle(asked: Semaphore, session: string, permits: number): boolean {
    const ties: Tie[] = [];
    for (const semaphore of this.#semaphores) {
      const asking = semaphore === asked ? [{ session, permits }] : [];
      const queue = [...semaphore.queue, ...asking];
      for (const [index, waiting] of queue.entries()) {
        for (const ahead of queue.slice(0, index)) ties.push([waiting.session, ahead.session]);
        for (const { session: holder } of semaphore.taken) {
          const theirs = semaphore.taken.filter((taken) => taken.session === holder);
          const has = theirs.reduce((sum, taken) => sum + taken.permits, 0);
          if (semaphore.limit - has < waiting.permits) ties.push([waiting.session, holder]);
        }
      }
    }
    return leadsBack(ties, session);
  }

  #give(semaphore: Semaphore, session: string, permits: number, request: Request): string {
    this.#token += 1;
    semaphore.taken.push({ session, permits, token: this.#token });
    request.answer = `granted ${String(this.#token)} x1`;
    return request.answer;
  }

  /** Gives turns that have come, and forgets a semaphore that nobody uses. */
  #settle(semaphore: Semaphore): void {
    for (let next = semaphore.queue[0]; next !== undefined; next = semaphore.queue[0]) {
      if (this.#free(semaphore) < next.permits) break;
      semaphore.queue.shift();
      this.#give(semaphore, next.session, next.permits, next.request);
    }
    if (semaphore.taken.length === 0 && semaphore.queue.length === 0 && !semaphore.persistent)
      this.#semaphores = this.#semaphores.filter((other) => other !== semaphore);
  }

  #tokenFor({ session, name, which }: Extract<SemaphoreStep, { type: 'release' }>): number {
    const own = (this.#find(name)?.taken ?? []).filter((taken) => taken.session === session);
    return own[which]?.token ?? which + 1;
  }

  #release(
    { session, name, request }: Extract<SemaphoreStep, { type: 'release' }>,
    token: number,
  ): string {
    const requests = this.#sessions.get(session);
    if (requests === undefined) return this.#missing(session);
    const known = request === undefined ? undefined : requests.get(request);
    if (known !== undefined) {
      const same = known.kind === 'release' && known.name === name && known.token === token;
      return same ? known.answer : 'request_reused';
    }
    const semaphore = this.#find(name);
    const own = semaphore?.taken.find(
      (taken) => taken.session === session && taken.token === token,
    );
    let answer = 'not_holder';
    if (semaphore !== undefined && own !== undefined) {
      answer = `released ${String(token)} left 0`;
      semaphore.taken = semaphore.taken.filter((taken) => taken !== own);
      this.#settle(semaphore);
    }
    if (request !== undefined) requests.set(request, { kind: 'release', name, token, answer });
    return answer;
  }

  #cancel({ session, name, request }: Extract<SemaphoreStep, { type: 'abandon' }>): string {
    const requests = this.#sessions.get(session);
    if (requests === undefined) {
      const answer = this.#missing(session);
      // It may overtake the acquire: the session is remembered as one that has ended.
      this.#ended.add(session);
      return answer;
    }
    const known = requests.get(request);
    if (known === undefined) {
      requests.set(request, { kind: 'acquire', name, answer: 'wait_abandoned' });
      return 'abandoned';
    }
    if (known.kind !== 'acquire' || known.name !== name) return 'request_reused';
    const semaphore = this.#find(name);
    if (semaphore === undefined) {
      if (known.answer.startsWith('granted')) known.answer = 'wait_abandoned';
      return 'abandoned';
    }
    const waits = semaphore.queue.some((waiting) => waiting.request === known);
    if (waits || known.answer.startsWith('granted')) {
      const [, token] = known.answer.split(' ');
      semaphore.queue = semaphore.queue.filter((waiting) => waiting.request !== known);
      semaphore.taken = semaphore.taken.filter((taken) => String(taken.token) !== token);
      known.answer = 'wait_abandoned';
      this.#settle(semaphore);
    }
    return 'abandoned';
  }

  #create({ name, limit }: { readonly name: string; readonly limit: number }): string {
    const found = this.#find(name);
    if (found !== undefined && found.limit !== limit) return 'limit_mismatch';
    if (found === undefined)
      this.#semaphores.push({ name, limit, persistent: true, taken: [], queue: [] });
    else found.persistent = true;
    return `semaphore ${String(limit)}`;
  }

  #resize({ name, limit }: { readonly name: string; readonly limit: number }): string {
    const found = this.#find(name);
    if (found === undefined) return 'semaphore_not_found';
    found.limit = limit;
    for (const waiting of found.queue)
      if (waiting.permits > limit) waiting.request.answer = 'limit_exceeded';
    found.queue = found.queue.filter((waiting) => waiting.permits <= limit);
    this.#settle(found);
    return `semaphore ${String(limit)}`;
  }

  #delete(name: string): string {
    const found = this.#find(name);
    if (found === undefined) return 'semaphore_not_found';
    if (found.taken.length > 0 || found.queue.length > 0) return 'semaphore_in_use';
    found.persistent = false;
    this.#settle(found);
    return `semaphore ${String(found.limit)}`;
  }

  #begin(session: string): string {
    if (this.#sessions.has(session)) return 'session';
    if (this.#ended.has(session)) return 'session_expired';
    this.#sessions.set(session, new Map());
    return 'session';
  }

  #end(how: 'end' | 'expire', session: string): { command: Command; expected: string } {
    const sessionId = id(session);
    const lives = this.#sessions.has(session);
    // The renewal is not counted here: an expiry of any session is an end of it, or of nobody.
    const command: Command = { type: 'end_session', sessionId };
    if (how === 'expire' && !lives)
      return {
        command: { type: 'expire_session', sessionId, renewal: 1 },
        expected: 'unchanged',
      };
    if (!lives) return { command, expected: this.#missing(session) };
    this.#sessions.delete(session);
    this.#ended.add(session);
    const before = [...this.#semaphores];
    const waited = before
      .flatMap((semaphore) => semaphore.queue.map((waiting) => ({ semaphore, waiting })))
      .filter(({ waiting }) => waiting.session === session)
      .toSorted((a, b) => a.waiting.born - b.waiting.born);
    const held = before
      .flatMap((semaphore) => semaphore.taken.map((taken) => ({ semaphore, taken })))
      .filter(({ taken }) => taken.session === session)
      .toSorted((a, b) => a.taken.token - b.taken.token);
    for (const semaphore of before) {
      semaphore.queue = semaphore.queue.filter((waiting) => waiting.session !== session);
      semaphore.taken = semaphore.taken.filter((taken) => taken.session !== session);
    }
    // First where it waited, then where it held, each in the order in which that began.
    for (const { semaphore } of [...waited, ...held]) this.#settle(semaphore);
    return { command, expected: `session_ended ${String(held.length)}` };
  }

  /** Waits that run out, each in its time. */
  #runOut(): void {
    for (;;) {
      const [first] = this.#semaphores
        .flatMap((semaphore) => semaphore.queue.map((waiting) => ({ semaphore, waiting })))
        .filter(({ waiting }) => waiting.untilMs <= this.timeMs)
        .toSorted(({ waiting: a }, { waiting: b }) => a.untilMs - b.untilMs || a.born - b.born);
      if (first === undefined) return;
      const { semaphore, waiting } = first;
      waiting.request.answer = 'wait_timeout';
      semaphore.queue = semaphore.queue.filter((other) => other !== waiting);
      this.#settle(semaphore);
    }
  }
}

function acquireCommand(step: Extract<SemaphoreStep, { type: 'acquire' }>): Command {
  const { session, name, permits, limit, waitMs, request } = step;
  return {
    type: 'acquire_permits',
    sessionId: id(session),
    requestId: request,
    name: lockName(name),
    permits,
    waitMs,
    acquiredAtMs: 1,
    ...(limit === undefined ? {} : { limit }),
  };
}

function releaseCommand(
  { session, name, request }: Extract<SemaphoreStep, { type: 'release' }>,
  token: number,
): Command {
  return {
    type: 'release_permits',
    sessionId: id(session),
    name: lockName(name),
    fenceToken: token as FenceToken,
    ...(request === undefined ? {} : { requestId: request }),
  };
}

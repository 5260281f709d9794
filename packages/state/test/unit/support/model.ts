/**
 * The state machine once more, as naively as possible: lists that are searched and copied, one
 * frame per acquire, no units, no counters, no heap. Slow and easy to believe. It forgets nothing
 * (requests, ended sessions) and has no limits; those have tests of their own.
 */
import type { Command, Mode, RequestId } from '../../../src/index.ts';
import { leadsBack } from './cycle.ts';
import type { Tie } from './cycle.ts';

interface Frame {
  readonly mode: Mode;
}

interface ModelHold {
  readonly session: ModelSession;
  readonly lock: string;
  frames: Frame[];
  exclusive: boolean;
  tokens: number[];
}

interface ModelRequest {
  readonly kind: 'acquire' | 'release' | 'early_cancel';
  readonly lock: string;
  readonly mode?: Mode;
  readonly givenToken?: number | undefined;
  answer: string;
  token?: number;
}

interface ModelWait {
  readonly session: ModelSession;
  readonly lock: string;
  readonly requestId: RequestId;
  readonly mode: Mode;
  readonly untilMs: number;
  readonly request: ModelRequest;
  readonly born: number;
}

interface ModelSession {
  readonly id: string;
  readonly clientId: string;
  readonly own: boolean;
  readonly lockDelayMs: number;
  renewal: number;
  requests: Map<RequestId, ModelRequest>;
}

type Acquire = Extract<Command, { type: 'acquire' }>;

export class Model {
  timeMs = 0;
  token = 0;
  born = 0;
  sessions: ModelSession[] = [];
  ended = new Map<string, { last?: readonly [RequestId, ModelRequest] | undefined }>();
  holds: ModelHold[] = [];
  /** All queues in one list; an upgrade comes before all others of its lock. */
  waits: ModelWait[] = [];
  closed = new Map<string, { readonly untilMs: number }>();
  events: string[] = [];
  /** Locks in which somebody may have the turn now, in the order in which that came to be. */
  changed = new Set<string>();
  /** Of those, the ones that the work of their entry was too short for. */
  unsettled = new Set<string>();
  /** Sessions that are over and still have holds or waits, oldest first. */
  ending: Ending[] = [];
  workLeft = 0;
  readonly work: number;
  actingOnDue = false;

  /** @param work How many holds and waits an entry may end. */
  constructor(work = 1000) {
    this.work = work;
  }

  // ---- what readers see -------------------------------------------------------------------------

  holders(lock: string): readonly string[] {
    return this.holds
      .filter((hold) => hold.lock === lock)
      .map(
        ({ session, exclusive, tokens, frames }) =>
          `${session.id} ${exclusive ? 'exclusive' : 'shared'} ${String(tokens.at(-1))} x${String(frames.length)}`,
      );
  }

  waiters(lock: string): readonly string[] {
    return this.waits
      .filter((wait) => wait.lock === lock)
      .map(({ session, requestId, mode }) => `${session.id} ${String(requestId)} ${mode}`);
  }

  delayedForMs(lock: string): number {
    return Math.max(0, (this.closed.get(lock)?.untilMs ?? 0) - this.timeMs);
  }

  // ---- time -------------------------------------------------------------------------------------

  advance(timeMs: number): void {
    this.timeMs = timeMs;
    this.workLeft = this.work;
    for (const lock of this.unsettled) this.grant(lock);
    this.changed.clear();
    this.actOnDue();
    this.endMore();
    this.workLeft = this.work;
  }

  actOnDue(): void {
    while (this.workLeft > 0) {
      const dues = [
        ...[...this.closed].map(([lock, { untilMs }]) => ({
          untilMs,
          rank: 0,
          born: 0,
          act: () => this.open(lock),
        })),
        ...this.waits.map((wait) => ({
          untilMs: wait.untilMs,
          rank: 1,
          born: wait.born,
          act: () => this.endWait(wait, this.lives(wait) ? 'wait_timeout' : 'session_expired'),
        })),
      ]
        .filter(({ untilMs }) => untilMs <= this.timeMs)
        .sort((a, b) => a.untilMs - b.untilMs || a.rank - b.rank || a.born - b.born);
      const next = dues[0];
      if (next === undefined) return;
      this.actingOnDue = true;
      next.act();
      this.grantAll();
      this.actingOnDue = false;
    }
  }

  open(lock: string): void {
    this.workLeft -= 1;
    this.closed.delete(lock);
    this.changed.add(lock);
  }

  // ---- commands ---------------------------------------------------------------------------------

  do(command: Command): string {
    const result = this.execute(command);
    this.grantAll();
    return result;
  }

  execute(command: Command): string {
    switch (command.type) {
      case 'create_session': {
        const existing = this.find(command.sessionId);
        if (existing !== undefined) {
          if (existing.own || existing.clientId !== command.clientId) return 'session_exists';
          existing.renewal += 1;
          return 'session';
        }
        if (this.ended.has(command.sessionId)) return 'session_expired';
        this.begin(command.sessionId, command.clientId, command.lockDelayMs, false);
        return 'session';
      }
      case 'end_session': {
        const session = this.find(command.sessionId);
        if (session === undefined) return this.missing(command.sessionId);
        return `session_ended ${String(this.endSession(session, 'ended'))}`;
      }
      case 'expire_session': {
        const session = this.find(command.sessionId);
        if (session === undefined || session.renewal !== command.renewal) return 'unchanged';
        return `session_ended ${String(this.endSession(session, 'expired'))}`;
      }
      case 'acquire':
        return this.acquire(command);
      case 'release':
        return this.release(command);
      case 'abandon':
        return this.cancel(command);
      case 'force_release': {
        const held = this.holds.filter((hold) => hold.lock === command.name);
        if (held.length === 0) return 'lock_not_found';
        const chosen = held
          .filter(({ tokens }) => (tokens[0] ?? 0) <= (command.through ?? Infinity))
          .slice(0, command.count);
        for (const hold of chosen) this.endHold(hold, 'forced');
        for (const hold of chosen) this.endIfUnused(hold.session);
        return `forced ${String(chosen.length)}`;
      }
      case 'keep_alive': {
        const session = this.find(command.sessionId);
        if (session === undefined) return this.missing(command.sessionId);
        session.renewal += 1;
        return 'kept_alive';
      }
      case 'begin_leadership':
      case 'advance':
      case 'checkpoint':
      case 'set_limits':
      case 'raise_feature_level':
      case 'set_audit':
      case 'anchor_audit':
        return 'advanced';
      case 'jump_fence_counter': {
        const jump = 2 ** 40;
        this.token = this.token - (this.token % jump) + jump;
        return 'advanced';
      }
      case 'cache_set':
      case 'cache_delete':
      case 'queue_push':
      case 'queue_pop':
      case 'queue_ack':
      case 'queue_nack':
      case 'queue_extend':
      case 'queue_redrive':
      case 'queue_purge':
      case 'queue_configure':
      case 'queue_delete':
      case 'queue_lose':
      case 'auth_enable':
      case 'auth_disable':
      case 'auth_create_key':
      case 'auth_revoke_key':
      case 'auth_rotate_key':
      case 'auth_grant':
      case 'auth_withdraw':
      case 'auth_delete_role':
      case 'auth_bind':
      case 'auth_unbind':
      case 'auth_map_certificate':
      case 'auth_unmap_certificate':
      case 'auth_note_uses':
      case 'acquire_permits':
      case 'release_permits':
      case 'create_semaphore':
      case 'resize_semaphore':
      case 'delete_semaphore':
      case 'downgrade':
      case 'acquire_many':
      case 'campaign':
      case 'resign':
      case 'proclaim':
      case 'enter_barrier':
      case 'leave_barrier':
      case 'create_latch':
      case 'count_down':
      case 'delete_latch':
        throw new Error(`${command.type} has a model of its own.`);
    }
  }

  acquire(command: Acquire): string {
    const { sessionId, requestId, name, mode, waitMs, ownSession } = command;
    let session = this.find(sessionId);
    if (session === undefined) {
      const last = this.ended.get(sessionId)?.last;
      if (last !== undefined && last[0] === requestId) return this.repeatAcquire(command, last[1]);
      if (ownSession === undefined || this.ended.has(sessionId)) return this.missing(sessionId);
    } else {
      if (ownSession !== undefined && !(session.own && session.clientId === ownSession.clientId))
        return 'session_exists';
      session.renewal += 1;
      const known = session.requests.get(requestId);
      if (known !== undefined) return this.repeatAcquire(command, known);
    }
    const request: ModelRequest = { kind: 'acquire', lock: name, mode, answer: '' };
    const mine = this.holds.find((hold) => hold.lock === name && hold.session.id === sessionId);
    const queue = this.waits.filter((wait) => wait.lock === name);
    const now = this.canGive(sessionId, name, mode) && (mine !== undefined || queue.length === 0);
    let refusal: string | undefined;
    if (!now) {
      if (waitMs === 0) refusal = this.closed.has(name) ? 'lock_delayed' : 'lock_held';
      else if (this.closesCycle(sessionId, name, mode, queue, mine)) refusal = 'deadlock';
    }
    if (refusal !== undefined) {
      request.answer = refusal;
      if (session === undefined) this.ended.set(sessionId, { last: [requestId, request] });
      else session.requests.set(requestId, request);
      return refusal;
    }
    if (session === undefined && ownSession !== undefined) {
      session = this.begin(sessionId, ownSession.clientId, ownSession.lockDelayMs, true);
    }
    if (session === undefined) throw new Error('unreachable');
    session.requests.set(requestId, request);
    if (now) {
      this.give(session, name, mode, requestId, request);
      return request.answer;
    }
    this.born += 1;
    const wait: ModelWait = {
      session,
      lock: name,
      requestId,
      mode,
      untilMs: this.timeMs + waitMs,
      request,
      born: this.born,
    };
    const firsts = mine === undefined ? queue : takeWhile(queue, (one) => one.session === session);
    const rest = queue.slice(firsts.length);
    const others = this.waits.filter((one) => one.lock !== name);
    this.waits = [...others, ...firsts, wait, ...rest];
    this.events.push(`waiting ${name} ${session.id} ${String(requestId)}`);
    return this.place(wait);
  }

  /** Everybody who waits for whom, then whether there is a way from this session back to it. */
  closesCycle(
    sessionId: string,
    lock: string,
    mode: Mode,
    queue: readonly ModelWait[],
    mine: ModelHold | undefined,
  ): boolean {
    const firsts =
      mine === undefined ? queue : takeWhile(queue, (one) => one.session.id === sessionId);
    const asked = { lock, mode, session: { id: sessionId } };
    const others = this.waits.filter((one) => one.lock !== lock);
    const waits = [...others, ...firsts, asked, ...queue.slice(firsts.length)];
    const ties: Tie[] = [];
    for (const [index, wait] of waits.entries()) {
      if (this.ended.has(wait.session.id)) continue; // It waits for nobody: it goes by itself.
      for (const hold of this.holds) {
        if (hold.lock === wait.lock && (hold.exclusive || wait.mode === 'exclusive'))
          ties.push([wait.session.id, hold.session.id]);
      }
      for (const ahead of waits.slice(0, index))
        if (ahead.lock === wait.lock) ties.push([wait.session.id, ahead.session.id]);
    }
    return leadsBack(ties, sessionId);
  }

  repeatAcquire({ name, mode, waitMs }: Acquire, known: ModelRequest): string {
    if (known.kind === 'release' || known.lock !== name) return 'request_reused';
    if (known.kind === 'acquire' && known.mode !== mode) return 'request_reused';
    const wait = this.waits.find((one) => one.request === known);
    if (wait !== undefined) return waitMs === 0 ? 'request_reused' : this.place(wait);
    return known.answer;
  }

  place(wait: ModelWait): string {
    const queue = this.waits.filter((one) => one.lock === wait.lock);
    return `queued ${String(queue.indexOf(wait) + 1)}`;
  }

  release(command: Extract<Command, { type: 'release' }>): string {
    const { sessionId, requestId, name, fenceToken } = command;
    const session = this.find(sessionId);
    const repeat = (known: ModelRequest): string =>
      known.kind !== 'release' || known.lock !== name || known.givenToken !== fenceToken
        ? 'request_reused'
        : known.answer;
    if (session === undefined) {
      const last = this.ended.get(sessionId)?.last;
      if (last !== undefined && requestId !== undefined && last[0] === requestId)
        return repeat(last[1]);
      return this.missing(sessionId);
    }
    session.renewal += 1;
    const known = requestId === undefined ? undefined : session.requests.get(requestId);
    if (known !== undefined) return repeat(known);
    const request: ModelRequest = {
      kind: 'release',
      lock: name,
      givenToken: fenceToken,
      answer: '',
    };
    if (requestId !== undefined) session.requests.set(requestId, request);
    const hold = this.holds.find((one) => one.lock === name && one.session === session);
    if (hold === undefined) {
      request.answer = this.holds.some((one) => one.lock === name)
        ? 'not_holder'
        : 'lock_not_found';
      return request.answer;
    }
    const [first = 0] = hold.tokens;
    const latest = hold.tokens.at(-1) ?? 0;
    if (fenceToken !== undefined && (fenceToken < first || fenceToken > latest)) {
      request.answer = 'stale_fence_token';
      return request.answer;
    }
    request.answer = `released ${String(latest)} left ${String(hold.frames.length - 1)}`;
    this.dropFrame(hold, 'shared', requestId === undefined ? undefined : [requestId, request]);
    return request.answer;
  }

  cancel({ sessionId, requestId, name }: Extract<Command, { type: 'abandon' }>): string {
    const session = this.find(sessionId);
    const early: ModelRequest = { kind: 'early_cancel', lock: name, answer: 'wait_abandoned' };
    if (session === undefined) {
      const answer = this.missing(sessionId);
      if (!this.ended.has(sessionId)) this.ended.set(sessionId, { last: [requestId, early] });
      return answer;
    }
    session.renewal += 1;
    const known = session.requests.get(requestId);
    if (known === undefined) {
      session.requests.set(requestId, early);
      return 'abandoned';
    }
    if (known.kind === 'release' || known.lock !== name) return 'request_reused';
    const wait = this.waits.find((one) => one.request === known);
    if (wait !== undefined) {
      this.endWait(wait, 'wait_abandoned');
      return 'abandoned';
    }
    if (known.token === undefined || !known.answer.startsWith('granted')) return 'abandoned';
    known.answer = 'wait_abandoned';
    const hold = this.holds.find((one) => one.lock === name && one.session === session);
    const [first = 0] = hold?.tokens ?? [];
    if (hold === undefined || known.token < first) return 'abandoned';
    this.dropFrame(hold, known.mode ?? 'shared', [requestId, known]);
    if (
      known.mode === 'exclusive' &&
      hold.exclusive &&
      hold.frames.length > 0 &&
      !hold.frames.some(({ mode }) => mode === 'exclusive')
    ) {
      hold.exclusive = false;
      this.changed.add(name);
      this.events.push(`hold_downgraded ${name} ${sessionId} ${String(hold.tokens.at(-1))}`);
    }
    return 'abandoned';
  }

  // ---- pieces -----------------------------------------------------------------------------------

  find(id: string): ModelSession | undefined {
    return this.sessions.find((session) => session.id === id);
  }

  missing(id: string): string {
    return this.ended.has(id) ? 'session_expired' : 'session_not_found';
  }

  begin(id: string, clientId: string, lockDelayMs: number, own: boolean): ModelSession {
    const session = { id, clientId, own, lockDelayMs, renewal: 1, requests: new Map() };
    this.sessions.push(session);
    this.events.push(`session_created ${id}`);
    return session;
  }

  canGive(sessionId: string, lock: string, mode: Mode): boolean {
    const holds = this.holds.filter((hold) => hold.lock === lock);
    const mine = holds.find((hold) => hold.session.id === sessionId);
    if (mine !== undefined && (mine.exclusive || mode === 'shared')) return true;
    if (this.closed.has(lock)) return false;
    const others = holds.filter((hold) => hold !== mine);
    return mode === 'exclusive' ? others.length === 0 : !others.some((hold) => hold.exclusive);
  }

  give(
    session: ModelSession,
    lock: string,
    mode: Mode,
    requestId: RequestId,
    request: ModelRequest,
  ): void {
    let hold = this.holds.find((one) => one.lock === lock && one.session === session);
    if (hold === undefined || (mode === 'exclusive' && !hold.exclusive)) {
      this.token += 1;
      if (hold === undefined) {
        hold = { session, lock, frames: [], exclusive: false, tokens: [] };
        this.holds.push(hold);
      }
      hold.tokens.push(this.token);
      hold.exclusive = mode === 'exclusive';
      this.events.push(
        `granted ${lock} ${session.id} ${String(requestId)} ${mode} ${String(this.token)}`,
      );
    }
    hold.frames.push({ mode });
    request.token = hold.tokens.at(-1) ?? 0;
    request.answer = `granted ${String(request.token)} x${String(hold.frames.length)}`;
  }

  dropFrame(
    hold: ModelHold,
    preferred: Mode,
    last: readonly [RequestId, ModelRequest] | undefined,
  ): void {
    const index = hold.frames.findIndex(({ mode }) => mode === preferred);
    hold.frames.splice(Math.max(0, index), 1);
    if (hold.frames.length > 0) return;
    this.endHold(hold, 'released');
    this.endIfUnused(hold.session, last);
  }

  endHold(hold: ModelHold, reason: string): void {
    this.workLeft -= 1;
    this.changed.add(hold.lock);
    this.holds = this.holds.filter((one) => one !== hold);
    this.events.push(
      `hold_ended ${hold.lock} ${hold.session.id} ${String(hold.tokens.at(-1))} ${reason}`,
    );
  }

  endWait(wait: ModelWait, answer: string): void {
    this.workLeft -= 1;
    this.changed.add(wait.lock);
    this.waits = this.waits.filter((one) => one !== wait);
    wait.request.answer = answer;
    this.events.push(
      `wait_ended ${wait.lock} ${wait.session.id} ${String(wait.requestId)} ${answer}`,
    );
    if (!answer.startsWith('granted')) {
      this.endIfUnused(wait.session, [wait.requestId, wait.request]);
    }
  }

  endIfUnused(session: ModelSession, last?: readonly [RequestId, ModelRequest]): void {
    const used =
      this.holds.some((hold) => hold.session === session) ||
      this.waits.some((wait) => wait.session === session);
    if (session.own && !used && this.sessions.includes(session))
      this.endSession(session, 'ended', last);
  }

  endSession(
    session: ModelSession,
    reason: 'ended' | 'expired',
    last?: readonly [RequestId, ModelRequest],
  ): number {
    this.sessions = this.sessions.filter((one) => one !== session);
    this.ended.set(session.id, { last });
    this.events.push(`session_ended ${session.id} ${reason}`);
    const { length: releasedCount } = this.holdsOf(session);
    const over = { session, reason, atMs: this.timeMs };
    if (releasedCount + this.waitsOf(session).length <= this.workLeft) this.endSome(over);
    else {
      this.ending.push(over);
      this.endMore();
    }
    return releasedCount;
  }

  waitsOf(session: ModelSession): readonly ModelWait[] {
    return this.waits
      .filter((one) => one.session === session)
      .sort((one, other) => one.born - other.born);
  }

  holdsOf(session: ModelSession): readonly ModelHold[] {
    return this.holds
      .filter((hold) => hold.session === session)
      .sort((a, b) => (a.tokens.at(-1) ?? 0) - (b.tokens.at(-1) ?? 0));
  }

  lives({ session }: { readonly session: ModelSession }): boolean {
    return this.sessions.includes(session);
  }

  /** First its waits, then its holds, then others get what was freed. */
  endSome({ session, reason, atMs }: Ending): void {
    for (const wait of this.waitsOf(session))
      if (this.workLeft > 0) this.endWait(wait, 'session_expired');
    for (const hold of this.waitsOf(session).length > 0 ? [] : this.holdsOf(session)) {
      if (this.workLeft <= 0) break;
      this.endHold(hold, reason === 'expired' ? 'expired' : 'session_ended');
      const untilMs = atMs + session.lockDelayMs;
      if (reason !== 'expired' || untilMs <= this.timeMs) continue;
      if (untilMs > (this.closed.get(hold.lock)?.untilMs ?? 0))
        this.closed.set(hold.lock, { untilMs });
    }
    this.grantAll();
  }

  endMore(): void {
    for (const over of this.ending) {
      if (this.workLeft <= 0) return;
      this.endSome(over);
      if (this.waitsOf(over.session).length + this.holdsOf(over.session).length > 0) return;
      this.ending = this.ending.filter((one) => one !== over);
    }
  }

  grantAll(): void {
    for (const lock of this.changed) this.grant(lock);
    this.changed.clear();
  }

  /** Whoever is first in the queue and can be given what it waits for, is, as long as there is work left. */
  grant(lock: string): void {
    for (;;) {
      const first = this.waits.find((wait) => wait.lock === lock);
      const isReady =
        first !== undefined &&
        this.lives(first) &&
        (this.actingOnDue || first.untilMs > this.timeMs) &&
        this.canGive(first.session.id, lock, first.mode);
      if (!isReady) {
        this.unsettled.delete(lock);
        return;
      }
      if (this.workLeft <= 0) {
        this.unsettled.add(lock);
        return;
      }
      this.give(first.session, lock, first.mode, first.requestId, first.request);
      this.endWait(first, first.request.answer);
    }
  }
}

interface Ending {
  readonly session: ModelSession;
  readonly reason: 'ended' | 'expired';
  readonly atMs: number;
}

function takeWhile<T>(list: readonly T[], keep: (item: T) => boolean): readonly T[] {
  const end = list.findIndex((item) => !keep(item));
  return end < 0 ? list : list.slice(0, end);
}

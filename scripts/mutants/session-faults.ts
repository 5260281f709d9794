/** Faults of clients: their leases, their holds and what they watch. */
import type { Fault } from './fault.ts';

export const sessionFaults: readonly Fault[] = [
  {
    name: 'lease-counted-from-the-answer',
    breaks:
      'a client believes in its lease for as long as the answer took, longer than the cluster',
    file: 'packages/client/src/session-lease.ts',
    find: `if (sentAt.monotonicMs >= this.#provenAt.monotonicMs) this.#provenAt = sentAt; // CLIENT-SESSION-1`,
    put: `this.#provenAt = momentOf(this.#clock);`,
  },
  {
    name: 'client-trusts-its-timers',
    breaks: 'a client that was paused believes in a hold until its timers have fired',
    file: 'packages/client/src/session-lease.ts',
    find: `    if (this.#clock.now() >= this.#endsAtMs) {
      this.#lose('its lease has expired by the clock of this machine');
      return false;
    }
    return passedMs(this.#clock, this.#provenAt) < this.#leaseMs;`,
    put: `    return true;`,
  },
  {
    name: 'sleep-noticed-by-timers-alone',
    breaks: 'after the machine slept signals say for long that a lease stands which is over',
    file: 'packages/client/src/wakes.ts',
    find: `    if (slept) for (const onWake of this.#listeners) onWake();`,
    put: ``,
  },
  {
    name: 'in-doubt-for-ever',
    breaks: 'a session that slept past its lease, and is not answered, goes on as if it stood',
    file: 'packages/client/src/session-lease.ts',
    find: `      if (!this.isValid() && !this.#isOver)
        this.#lose('the machine`,
    put: `      if (!this.isValid() && this.#isOver)
        this.#lose('the machine`,
  },
  {
    name: 'quorum-hold-in-doubt-for-ever',
    breaks:
      'a lease by a quorum whose holder slept past it goes on as if it stood, and nobody answers',
    file: 'packages/quorum-client/src/quorum-lock.ts',
    find: `      if (this.state === 'held' && !this.#isValid())
        this.#end('the machine`,
    put: `      if (this.state !== 'held' && !this.#isValid())
        this.#end('the machine`,
  },
  {
    name: 'unreachable-leader-tried-for-ever',
    breaks: 'a client tries a leader that it cannot reach again and again',
    file: 'packages/client/src/route.ts',
    find: `nowMs < (this.#avoided?.untilMs ?? 0); // ROUTE-4`,
    put: `nowMs < 0;`,
  },
  {
    name: 'downgrade-believed-late',
    breaks: 'a holder believes to be alone until a downgrade is answered',
    file: 'packages/client/src/session.ts',
    find: `    this.#mode = 'shared';
    this.session.downgraded(this);
    await this.session.request('downgrade', { name: this.name, fence_token: this.fenceToken });`,
    put: `    await this.session.request('downgrade', { name: this.name, fence_token: this.fenceToken });
    this.#mode = 'shared';
    this.session.downgraded(this);`,
  },
  {
    name: 'watch-goes-on-at-the-end',
    breaks: 'a watch that resumes begins at the end instead of where it was',
    file: 'packages/client/src/watch.ts',
    find: `after = event.position;`,
    put: `after = event.position === '' ? after : from;`,
  },
  {
    name: 'hold-acquired-after-its-page-is-lost',
    breaks: 'the client takes a hold for lost that it acquired after its page was read',
    file: 'packages/client/src/holds-check.ts',
    find: `for (const held of known)
      if (this.#holdings`,
    put: `for (const held of [...this.#holdings.all])
      if (this.#holdings`,
  },
  {
    name: 'lost-hold-is-kept-after-a-page',
    breaks: 'the client keeps a hold of a lock whose later token is of another hold',
    file: 'packages/client/src/holds-check.ts',
    find: `if (held.fenceToken >= firstToken && held.fenceToken <= fence_token)`,
    put: `if (held.fenceToken <= fence_token)`,
  },
  {
    name: 'check-of-holds-not-repeated',
    breaks: 'a check of holds that began before a reconnection stands for the one after it',
    file: 'packages/client/src/holds-check.ts',
    find: `    this.#isWanted = true;
    if (this.#isRunning) return; // HOLDS-CHECK-4`,
    put: `    if (this.#isRunning) return; // HOLDS-CHECK-4
    this.#isWanted = true;`,
  },
  {
    name: 'idle-break-not-checked',
    breaks:
      'a client that asks nothing believes in a hold that others have, until its next keepalive',
    file: 'packages/client/src/session-holds.ts',
    find: `connection.onBroken(() => this.#check.soon()), // HOLDS-CHECK-5`,
    put: `connection.onBroken(() => undefined),`,
    test: 'packages/client/test/unit/idle-breaks.test.ts',
  },
  {
    name: 'missed-ends-of-holds-not-told',
    breaks:
      'a stream of keepalives goes on over missed events, and its caller believes in a hold that was ended by force',
    file: 'packages/api/src/grpc/keepalives.ts',
    find: `if (this.#sessions.size > 0) this.#stream.fail(missedError);`,
    put: `if (this.#sessions.size < 0) this.#stream.fail(missedError);`,
    test: 'packages/api/test/unit/grpc/gaps.test.ts',
  },
  {
    name: 'first-page-of-waits',
    breaks: 'a session that waits at more places than a page has is told of the first ones alone',
    file: 'packages/client/src/session-requests.ts',
    find: `after = page.next_after;`,
    put: `after = page.next_after === null ? page.next_after : null;`,
  },
  {
    name: 'wall-clock-taken-for-sleep',
    breaks: 'a step of the wall clock ends what is held, though contact is good',
    file: 'packages/protocol/src/boot-clock.ts',
    find: `      const leadMs = this.#readLeadMs();
      if`,
    put: `      const leadMs = Math.max(this.#readLeadMs(), wallLeadMs);
      if`,
    hiddenFromRuns: 'runs have clocks of their own',
  },
  {
    name: 'sleep-not-counted',
    breaks: 'what the machine slept is not counted: a lease that is over is believed in',
    file: 'packages/protocol/src/boot-clock.ts',
    find: `if (leadMs > this.#leadMs + resolutionMs) this.#leadMs = leadMs; // BOOT-1`,
    put: `if (leadMs < 0) this.#leadMs = leadMs;`,
    hiddenFromRuns: 'runs have clocks of their own',
  },
  {
    name: 'what-came-and-went-stays',
    breaks:
      'small collections copy all that ever was in a map, and stop the node for many ms each time',
    file: 'packages/protocol/src/renewed-map.ts',
    find: `this.#map = new Map(this.#map); // RENEW-1`,
    put: ``,
  },
  {
    name: 'sleep-of-a-command-not-counted',
    breaks: 'a command runs on after its machine slept past the end of its lock',
    file: 'packages/cli/src/run/certain-time.ts',
    find: `Math.max(clocks.monotonicMs(), clocks.bootMs() - until.sleptMs)`,
    put: `clocks.monotonicMs()`,
    test: 'packages/cli/test/unit/run/certain-time.test.ts',
    hiddenFromRuns: 'runs start no commands',
  },
  {
    name: 'sleep-of-a-browser-not-counted',
    breaks: 'a browser believes in a lease that ended while its machine slept',
    file: 'packages/client/src/boot-clock.browser.ts',
    find: `else leadMs = Math.max(leadMs, nextMs);`,
    put: `else leadMs = Math.min(leadMs, nextMs);`,
    test: 'packages/client/test/unit/boot-clock.test.ts',
    hiddenFromRuns: 'runs have clocks of their own',
  },
  {
    name: 'sleep-after-a-setting-back-not-counted',
    breaks: 'a browser whose wall clock was set back counts no sleep as long as the step',
    file: 'packages/client/src/boot-clock.browser.ts',
    find: `setBackByMs += leadMs - nextMs;`,
    put: `setBackByMs += 0;`,
    test: 'packages/client/test/unit/boot-clock.test.ts',
    hiddenFromRuns: 'runs have clocks of their own',
  },
  {
    name: 'cancelled-before-it-came-forgotten-after-ten-minutes',
    breaks:
      'an acquire that was cancelled, and held up on its way for longer, becomes a hold that nobody has',
    file: 'packages/state/src/kernel/sessions/making.ts',
    find: 'if (isRepeated && featureLevel >= cancelledForTtlLevel)',
    put: 'if (isRepeated && featureLevel > cancelledForTtlLevel)',
    test: 'packages/state/test/unit/cancelled-early.test.ts',
  },
  {
    name: 'sessions-listed-with-others-contact',
    breaks: 'the list of sessions tells of one that it was heard of when another one was',
    file: 'packages/engine/src/queries.ts',
    find: `listed.rows.map(({ sessionId }) => leases.lastRenewedWallMs(sessionId))`,
    put: `listed.rows.toReversed().map(({ sessionId }) => leases.lastRenewedWallMs(sessionId))`,
    test: 'packages/engine/test/unit/queries.test.ts',
  },
];

/** Faults of the quorum lease, found by runs of independent lease nodes. */
import type { Fault } from './fault.ts';

const client = 'packages/quorum-client/src/lease.ts';
const node = 'packages/quorum/src/node/lease-node.ts';
const recovery = 'packages/quorum/src/node/recovery.ts';

type QuorumFault = Omit<Fault, 'runs'>;

const planted: readonly QuorumFault[] = [
  {
    name: 'token-of-one-node',
    breaks: 'the token is what one node said, not the largest that a majority knows',
    file: client,
    find: `const token = grants.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);`,
    put: `const token = grants[0] ?? 0;`,
  },
  {
    name: 'no-confirm-round',
    breaks: 'answers that differ count at once: a later holder may get a smaller token',
    file: client,
    find: `agree || (await confirm(settings, lease, token))`,
    put: `agree || token > 0`,
  },
  {
    name: 'majority-of-those-that-answered',
    breaks: 'who reaches one node only takes it for a majority',
    file: client,
    find: `if (grants.length >= majority) {`,
    put: `if (grants.length > heard.length / 2) {`,
  },
  {
    name: 'released-lease-comes-back',
    breaks: 'an acquire that was long under way revives a lease that was released',
    file: node,
    find: `if (this.#tombstones.has(id)) return { type: 'released' };`,
    put: ``,
  },
  {
    name: 'released-leases-forgotten-by-count',
    breaks:
      'whoever releases many that never were has a node forget what others released: late acquires bring it back',
    file: 'packages/quorum/src/node/tombstones.ts',
    find: `nowMs - releasedAtMs < rememberMs) return;`,
    put: `(nowMs - releasedAtMs < rememberMs && this.#releasedAtMs.size * 2 < this.#limits.maxTombstones)) return;`,
    test: 'packages/quorum/test/unit/lease-node.test.ts',
  },
  {
    name: 'no-room-to-release-what-stands',
    breaks: 'whoever releases many that never were keeps others from releasing what they hold',
    file: 'packages/quorum/src/node/tombstones.ts',
    find: `if (!isKnown && !hadLease && isFull)`,
    put: `if (!isKnown && isFull)`,
    test: 'packages/quorum/test/unit/lease-node.test.ts',
  },
  {
    name: 'cleaned-up-token-forgotten',
    breaks: 'a row that is cleaned up takes its token with it',
    file: node,
    find: `if (row.maxToken > this.#floor) this.#raiseFloor(row.maxToken);`,
    put: ``,
  },
  {
    name: 'adopted-floor-not-for-rows',
    breaks: 'a token that another node folded into its floor is forgotten where there is a row',
    file: node,
    find: `for (const { resource } of older) this.#change(resource).maxToken = floor;`,
    put: `for (const { resource } of older) this.#change(resource);`,
  },
  {
    name: 'deadline-of-before-the-restart',
    breaks: 'a restarted node reads a deadline of its old clock by its new one',
    file: node,
    find: `{ ...lease, endsAtMs: nowMs + lease.ttlMs }`,
    put: `{ ...lease, endsAtMs: lease.ttlMs }`,
  },
  {
    name: 'lease-confirmed-after-its-end',
    breaks: 'a confirm is accepted where the lease stands no more',
    file: node,
    find: `if (this.#standing(resource, nowMs)?.id !== leaseId || token >= fullest) return false;`,
    put: `if (token >= fullest) return false;`,
  },
  {
    name: 'lease-end-by-wall-clock',
    breaks: 'a node counts leases by a clock that people set',
    file: 'packages/simulator/src/quorum/lease-machine.ts',
    find: `now: () => machine.now() - zeroMs,`,
    put: `now: () => machine.wallNow() - zeroMs,`,
  },
  {
    name: 'lease-end-by-the-real-wall-clock',
    breaks: 'the node as it is started counts leases by a clock that people set',
    file: 'packages/quorum/src/start.ts',
    find: `now: () => performance.now(),`,
    put: `now: () => Date.now(),`,
  },
  {
    name: 'votes-without-its-file',
    breaks: 'a node that lost its file votes at once',
    file: recovery,
    find: `return this.#beganAfterTheWait && this.#others > 0 && this.missing === 0; // VOTER-RECOVERY-1`,
    put: `return this.#others > 0;`,
  },
  {
    name: 'leases-of-the-lost-file-not-waited-for',
    breaks: 'a node that lost its file votes while leases stand that it had granted',
    file: recovery,
    find: `return Math.max(0, this.#options.startedAtMs + this.#longestLeaseMs - nowMs);`,
    put: `return Math.max(0, this.#options.startedAtMs - nowMs);`,
    test: 'packages/quorum/test/unit/recovery.test.ts',
  },
  {
    name: 'tokens-of-the-lost-file-not-learned',
    breaks: 'a node that lost its file votes without the tokens that others know',
    file: recovery,
    find: `return this.#beganAfterTheWait && this.#others > 0 && this.missing === 0; // VOTER-RECOVERY-1`,
    put: `return this.#beganAfterTheWait && this.#others > 0;`,
  },
  {
    name: 'tokens-learned-before-the-wait-is-over',
    breaks:
      'what a node is told while leases of its lost file stand counts, though tokens are confirmed later',
    file: recovery,
    find: `    this.#heard.clear();
    this.#roundBeganMs = nowMs;
    this.#beganAfterTheWait = this.waitMs(nowMs) === 0;
    return this.#beganAfterTheWait;`,
    put: `    this.#beganAfterTheWait = this.waitMs(nowMs) === 0;
    for (const [file, heard] of this.#heard) if (!heard.voting) this.#heard.delete(file);
    return this.#heard.size < this.#others;`,
  },
  {
    name: 'begins-without-agreement',
    breaks: 'a node that lost its file takes the cluster for new because no other has voted yet',
    file: recovery,
    find: `if (others.every(({ bootstrap_set: set }) => same(set, this.#bootstrapSet))) return true; // VOTER-RECOVERY-2`,
    put: `return true;`,
  },
  {
    name: 'begins-with-files-of-one-round',
    breaks:
      'a cluster begins with files that were not all new at one moment: one may have voted in between',
    file: recovery,
    find: `return same(this.#files, this.#freshBefore) ? this.#files : undefined;`,
    put: `return this.#files;`,
  },
  {
    name: 'let-in-by-any-voter',
    breaks: 'a node that lost its file takes itself for one that had not voted',
    file: recovery,
    find: `if (others.some(({ voting, bootstrap_set: set }) => voting && set.includes(fileId)))`,
    put: `if (others.some(({ voting }) => voting && fileId > 0))`,
  },
  {
    name: 'elapsed-time-not-counted',
    breaks: 'a lease is believed in for its whole ttl from the answers on',
    file: client,
    find: `lease: { ...lease, token, askedAt }`,
    put: `lease: { ...lease, token, askedAt: momentOf(clock) }`,
  },
  {
    name: 'drift-buffer-left-out',
    breaks: 'clocks are taken to run at the same rate',
    file: client,
    find: `  ttlMs - driftBufferMs;`,
    put: `  ttlMs + 0 * driftBufferMs;`,
  },
  {
    name: 'renewal-counted-from-its-answer',
    breaks: 'a renewed lease is believed in for its whole ttl from the answers on',
    file: client,
    find: `return { type: 'renewed', askedAt };`,
    put: `return { type: 'renewed', askedAt: momentOf(clock) };`,
  },
  {
    name: 'renewed-hold-counted-from-now',
    breaks: 'a hold believes in its renewed lease from the moment at which it heard of it',
    file: 'packages/quorum-client/src/quorum-lock.ts',
    find: `this.#askedAt = renewal.askedAt;`,
    put: `this.#askedAt = { monotonicMs: clock.now(), bootMs: clock.bootNow() };`,
  },
  {
    name: 'older-renewal-undoes-a-newer-one',
    breaks: 'a renewal that is answered after a later one takes from the lease what that one added',
    file: 'packages/quorum-client/src/quorum-lock.ts',
    find: `if (renewal.askedAt.monotonicMs >= this.#askedAt.monotonicMs) this`,
    put: `if (renewal.askedAt.monotonicMs >= 0) this`,
    test: 'packages/quorum-client/test/unit/hold.test.ts',
  },
  {
    name: 'renewed-without-a-majority',
    breaks: 'one node that renews is enough',
    file: client,
    find: `if (saying(answers, true) >= majority) return 'yes';`,
    put: `if (saying(answers, true) >= 1) return 'yes';`,
  },
  {
    name: 'vote-before-it-is-on-disk',
    breaks: 'a vote leaves though the disk refused it',
    file: 'packages/quorum/src/node/host.ts',
    find: `      await this.#synced(resource, from);
      this.#waitQueues.taken(resource);`,
    put: `      void this.#synced(resource, from).catch(() => undefined);
      this.#waitQueues.taken(resource);`,
  },
  {
    name: 'closed-set-opens-again',
    breaks: 'a node that lost its file does not learn that its set is closed, and grants in it',
    file: 'packages/quorum/src/node/membership.ts',
    find: `if (next === undefined || this.isClosed) return undefined;`,
    put: `if (next === undefined || this.isClosed || next.epoch > 0) return undefined;`,
  },
  {
    name: 'closed-by-hearsay',
    breaks:
      'a change of the set counts a node as closed that lost its file and has only heard of it',
    file: 'packages/quorum/src/set/change-set.ts',
    find: `  !answer.fresh && // SET-4`,
    put: `  (!answer.fresh || answer.next !== null) && // SET-4`,
  },
  {
    name: 'wait-by-the-setting-of-today',
    breaks:
      'a node that lost its file waits for leases as long as it grants now, not as long as were ever granted',
    file: recovery,
    find: `this.#longestLeaseMs = Math.max(this.#longestLeaseMs, said.longest_lease_ms ?? 0);`,
    put: `this.#longestLeaseMs = Math.max(this.#longestLeaseMs, 0 * (said.longest_lease_ms ?? 0));`,
  },
  {
    name: 'longest-lease-forgotten',
    breaks: 'a node that is set to shorter leases tells others that it never granted longer ones',
    file: 'packages/quorum/src/node/lease-lengths.ts',
    find: `let longestMs = Math.max(storedMs, `,
    put: `let longestMs = Math.max(storedMs * 0, `,
  },
  {
    name: 'longer-leases-after-another-start',
    breaks:
      'a node whose longest ttl was raised grants that after its next start, before leases of a lost file have ended',
    file: 'packages/quorum/src/node/lease-lengths.ts',
    find: `isTold ? opened.allowedLeaseMs : this`,
    put: `isTold ? opened.longestLeaseMs : this`,
    test: 'packages/quorum/test/unit/lease-lengths.test.ts',
  },
  {
    name: 'refusal-asked-for-again',
    breaks: 'what a majority refuses for good is asked for until the wait is over',
    file: 'packages/quorum-client/src/quorum-lock.ts',
    find: `if (refusal !== undefined) throw refusal;`,
    put: `if (refusal !== undefined && untilMs <= clock.now()) throw refusal;`,
  },
  {
    name: 'wait-of-no-number',
    breaks: 'a wait that is no number never ends: the voters are asked for ever',
    file: 'packages/quorum-client/src/quorum-lock.ts',
    find: `checkMs('"waitMs"', waitMs);`,
    put: ``,
  },
  {
    name: 'name-of-half-a-character',
    breaks: 'a name that no voter takes is asked for',
    file: 'packages/quorum-client/src/arguments.ts',
    find: String.raw`if (/\p{Surrogate}/u.test(value))`,
    put: `if (value.length === 0)`,
  },
  {
    name: 'all-waiters-ask',
    breaks: 'all waiters of a program ask for themselves: who holds is not heard any more',
    file: 'packages/quorum-client/src/gates.ts',
    find: `if (gate.inside < mostInside) {`,
    put: `if (gate.inside < mostInside || gate.inside > 0) {`,
  },
  {
    name: 'waiters-before-holders',
    breaks:
      'acquires are all done in one turn: renewals and releases that arrive meanwhile stand behind them',
    file: 'packages/quorum/src/http/acquire-queue.ts',
    find: `if (now() >= untilMs) break;`,
    put: ``,
  },
  {
    name: 'holders-in-the-acquire-queue',
    breaks: 'renewals stand in one queue with the acquires of all clients',
    file: 'packages/quorum/src/http/operations.ts',
    find: `['renew', validated(renewBody, (body, { from }) => host.renew(body, from))],`,
    put: `['renew', afterHolders(validated(renewBody, (body, { from }) => host.renew(body, from)))],`,
    test: 'packages/quorum/test/unit/operations.test.ts',
  },
  {
    name: 'releases-in-the-acquire-queue',
    breaks:
      'a lease that is given back stands until all that were asked for before it were looked at',
    file: 'packages/quorum/src/http/operations.ts',
    find: `['release', validated(releaseBody, (body, { from }) => host.release(body, from))],`,
    put: `['release', afterHolders(validated(releaseBody, (body, { from }) => host.release(body, from)))],`,
    test: 'packages/quorum/test/unit/operations.test.ts',
  },
  {
    name: 'waits-beside-the-acquire-queue',
    breaks: 'waits are done when they arrive: however many, they go before whoever holds',
    file: 'packages/quorum/src/http/operations.ts',
    find: `['wait', afterHolders(validated(waitBody, (body, _caller, gone) => host.wait(body, gone)))],`,
    put: `['wait', validated(waitBody, (body, _caller, gone) => host.wait(body, gone))],`,
    test: 'packages/quorum/test/unit/operations.test.ts',
  },
  {
    name: 'failed-release-not-told-by-a-block',
    breaks: 'await using says nothing of a release that failed',
    file: 'packages/client/src/held.ts',
    find: `  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();`,
    put: `  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => undefined);`,
    test: 'packages/quorum-client/test/unit/hold.test.ts',
  },
  {
    name: 'closed-for-whoever-comes-last',
    breaks:
      'a node that is closed for one set is closed for another one that it may keep from nothing: both begin',
    file: 'packages/quorum/src/node/membership.ts',
    find: `const mayEnd = instead === true && known.members.includes(this.name);`,
    put: `const mayEnd = instead === true;`,
  },
  {
    name: 'redis-server-of-any-set',
    breaks:
      'a Redis server grants whatever set its client names: two sets of one epoch hold one lock',
    file: 'packages/redis-voters/src/scripts.ts',
    find: `if mark[6] and mark[6] ~= ARGV[#ARGV] then return {'ANOTHER_SET', mark[2], mark[7]} end`,
    put: ``,
    test: 'packages/redis-voters/test/slow/redis/sets.test.ts',
  },
  {
    name: 'everysec-forgotten',
    breaks:
      'a Redis server that was seen as it might lose what it answered votes after a restart with what is left',
    file: 'packages/redis-voters/src/scripts.ts',
    find: `if mark[3] == '1' and ARGV[3] == '0' then redis.call('HSET', KEYS[1], 'durable', '0') end`,
    put: ``,
    test: 'packages/redis-voters/test/integration/redis/voters.test.ts',
  },
  {
    name: 'closed-redis-set-grants',
    breaks: 'a set of Redis servers that is closed goes on granting',
    file: 'packages/redis-voters/src/scripts.ts',
    find: `if mark[8] then return {'CLOSED', mark[9]} end`,
    put: ``,
    test: 'packages/redis-voters/test/slow/redis/sets.test.ts',
  },
  {
    name: 'redis-set-begins-at-once',
    breaks: 'a new set of Redis servers begins while leases of the old one stand',
    file: 'packages/redis-voters/src/change-set.ts',
    find: `await pause(longestTtlMs * (1 + smallestDriftShare), this.#options.signal);`,
    put: ``,
    test: 'packages/redis-voters/test/slow/redis/sets.test.ts',
  },
  {
    name: 'log-fills-the-disk',
    breaks: 'a write that finds no room is refused though the log could be taken into the file',
    file: 'packages/quorum/src/store/sqlite-store.ts',
    find: `if (!this.#reserve.take()) throw error;`,
    put: `throw error;`,
  },
  {
    name: 'answer-without-end',
    breaks: 'whatever an HTTP answer has is read: a body without end takes all memory',
    file: 'packages/protocol/src/bounded-answer.ts',
    find: `if (bytes > longestBytes) {`,
    put: `if (bytes > longestBytes * 1e6) {`,
    test: 'packages/quorum-client/test/unit/http-transport.test.ts',
  },
  {
    name: 'answer-of-a-node-without-end',
    breaks:
      'a lease node reads whatever another address answers: a body without end takes all memory',
    file: 'packages/quorum/src/http/other-node.ts',
    find: `tokensAnswer.parse(await readAnswer(this.#url, response, longestPageBytes))`,
    put: `tokensAnswer.parse(await response.json())`,
    test: 'packages/quorum/test/unit/other-node.test.ts',
  },
  {
    name: 'answer-to-the-command-without-end',
    breaks: 'quorum status reads whatever an address answers: a body without end takes all memory',
    file: 'packages/cli/src/quorum/ask-nodes.ts',
    find: `const told: unknown = await readAnswer(url, answer);`,
    put: `const told: unknown = await answer.json();`,
    test: 'packages/cli/test/unit/quorum/ask-nodes.test.ts',
  },
  {
    name: 'names-keep-their-files',
    breaks: 'what was first seen behind a name stays: nodes that swapped files never vote again',
    file: 'packages/quorum-client/src/identities.ts',
    find: `this.#names.delete(before);`,
    put: `this.#names.has(before);`,
  },
  {
    name: 'twins-vote-twice',
    breaks: 'one file behind two names grants twice',
    file: 'packages/quorum-client/src/lease.ts',
    find: `if (file !== undefined && files.has(file)) return [];`,
    put: ``,
  },
  {
    name: 'warnings-of-two-alternate',
    breaks: 'what is told of one peer makes what is told of another one new',
    file: 'packages/quorum/src/told-once.ts',
    find: `this.#told.set(what, state);`,
    put: `this.#told.clear();\n    this.#told.set(what, state);`,
  },
  {
    name: 'full-disk-told-with-each-write',
    breaks: 'a lease node writes a line for each request that its disk refuses',
    file: 'packages/quorum/src/start.ts',
    find: `if (this.#told.isNew('its own file', error.message))`,
    put: `if (this.#told.isNew('its own file', error.message) || error.message !== '')`,
  },
  {
    name: 'silent-peer-told-with-each-round',
    breaks: 'a lease node writes a line for each time that it asked another one in vain',
    file: 'packages/quorum/src/start.ts',
    find: `if (this.#told.isNew(peer, state))`,
    put: `if (this.#told.isNew(peer, state) || state !== '')`,
  },
  {
    name: 'heard-peer-stays-told',
    breaks: 'a peer that was heard meanwhile and fails again is not told',
    file: 'packages/quorum/src/start.ts',
    find: `onHeard: (peer) => void this.#told.over(peer),`,
    put: ``,
  },
  {
    name: 'wait-queue-by-arrival',
    breaks:
      'each node places those that wait as it hears of them: nodes disagree about who is next',
    file: 'packages/quorum/src/node/wait-queues.ts',
    find: `return within(beganMs, sinceMs + offsetMs, toleranceMs);`,
    put: `return sinceMs + offsetMs;`,
  },
  {
    name: 'holders-have-no-room',
    breaks: 'acquires and waits take all the room of a connection: no lease can be renewed',
    file: 'packages/quorum-client/src/stream-transport.ts',
    find: `this.#checkRoom(this.#socket, wants ? 1 - shareOfHolders : 1);`,
    put: `this.#checkRoom(this.#socket, 1 - shareOfHolders);`,
  },
  {
    name: 'refused-as-often',
    breaks: 'who is told that there is no place in the wait queue asks as often as before',
    file: 'packages/quorum-client/src/quorum-lock.ts',
    find: `if (refusals === 0) return pauseMs;`,
    put: `if (refusals >= 0) return pauseMs;`,
  },
  {
    name: 'strangers-file-put-aside',
    breaks:
      'whatever is called as the file of a lease node is taken for a damaged one and moved away',
    file: 'packages/quorum/src/store/own-file.ts',
    find: `if (!wasOfALeaseNode(head)) throw`,
    put: `if (!wasOfALeaseNode(head) && head.length < 0) throw`,
  },
  {
    name: 'strangers-file-removed-for-a-new-one',
    breaks: 'what has the name of an unfinished file is removed, whosever it is',
    file: 'packages/quorum/src/store/own-file.ts',
    find: `if (headOf(path)?.length !== 0) isLeaseFile(path);`,
    put: ``,
  },
  {
    name: 'longer-leases-at-once',
    breaks:
      'a node whose longest ttl was raised grants that before leases of a lost file have ended',
    file: 'packages/quorum/src/node/host.ts',
    find: `const limit = raisedInMs > 0 ?`,
    put: `const limit = raisedInMs > Number.MAX_VALUE ?`,
  },
  {
    name: 'another-set-counts',
    breaks: 'a node votes for whoever asks, whatever set they count',
    file: 'packages/quorum/src/node/membership.ts',
    find: `if (epoch === own.epoch && set === this.#id) return;`,
    put: `if (epoch > 0 || set === this.#id) return;`,
  },
  {
    name: 'closed-set-still-grants',
    breaks: 'the set that follows votes beside the one before',
    file: 'packages/quorum/src/node/membership.ts',
    find: `    if (set === undefined || next === undefined) return;`,
    put: `    if (set !== undefined || next === undefined) return;`,
  },
  {
    name: 'leases-of-the-old-set-not-waited-for',
    breaks: 'the set that follows grants what is held under the one before',
    file: 'packages/quorum/src/set/change-set.ts',
    find: `closed.filter((answer) => answer.leases_ms === 0)`,
    put: `closed.filter((answer) => answer.leases_ms >= 0)`,
  },
  {
    name: 'tokens-of-the-old-set-forgotten',
    breaks: 'tokens begin anew with each set',
    file: 'packages/quorum/src/set/change-set.ts',
    find: `if (ended.length >= majority) return largestOf(ended);`,
    put: `if (ended.length >= majority) return 0;`,
  },
  {
    name: 'old-set-closed-on-one-node',
    breaks: 'a minority that is closed counts for the old set',
    file: 'packages/quorum/src/set/change-set.ts',
    find: `const majority = Math.floor(from.members.length / 2) + 1;`,
    put: `const majority = 1;`,
  },
];

export const quorumFaults: readonly Fault[] = planted.map((fault) => ({
  ...fault,
  runs: 'quorum',
}));

/** Faults in the coherent cache. */
import type { Fault } from './fault.ts';

const state = 'packages/state/src/primitives/cache';
const engine = 'packages/engine/src/cache';
const lines = 'packages/protocol/src/cache';

export const cacheFaults: readonly Fault[] = [
  {
    name: 'shared-keys-in-one-message',
    breaks:
      'a node that has many keys is told in one message that others have them: it fits in no frame',
    file: `${engine}/sharer.ts`,
    find: `  const shared = takeKeys(unsentShared, room);`,
    put: `  const shared = [...unsentShared];`,
    test: 'packages/engine/test/unit/cache-coherence.test.ts',
  },
  {
    name: 'rest-of-a-message-forgotten',
    breaks:
      'what does not fit in a message of the cache is told with the next change alone, or never',
    file: `${engine}/directory.ts`,
    find: `if (sharer.unsent.size === 0 && sharer.unsentShared.size === 0) this.#untold.delete(sharer);`,
    put: `if (sharer.unsent.size === 0) this.#untold.delete(sharer);`,
    test: 'packages/engine/test/unit/cache-coherence.test.ts',
  },
  {
    name: 'leader-tells-itself-by-the-network',
    breaks:
      'what is left of the own keys of a leader goes to itself by the network, where it has no connection: it is lost',
    file: `${engine}/leading.ts`,
    find: `        if (sharer.node === nodeId) isLeft = true;
        else if (`,
    put: `        if (sharer.node === nodeId && nodeId === '') isLeft = true;
        else if (`,
    test: 'packages/engine/test/unit/own-lines.test.ts',
  },
  {
    name: 'too-large-invalidation-untold',
    breaks: 'an invalidation that fits in no frame is tried again and again, and nobody is told',
    file: `${engine}/member-calls.ts`,
    find: `if (!(error instanceof CallTooLarge) || clock.now()`,
    put: `if (error instanceof CallTooLarge || clock.now()`,
    test: 'packages/engine/test/unit/member-calls.test.ts',
  },
  {
    name: 'write-before-invalidation',
    breaks: 'a node answers from its memory what an acknowledged write has replaced',
    file: `${engine}/directory.ts`,
    find: `    return nowMs >= this.#writesFromMs && (entry === undefined || this.#isDropped(entry, nowMs));`,
    put: `    return nowMs >= this.#writesFromMs && (entry !== undefined || nowMs >= 0);`,
  },
  {
    name: 'line-without-a-lease',
    breaks: 'a node that was cut off answers an old value for as long as it is asked',
    file: `${lines}/lines.ts`,
    find: `    if (nowMs >= this.#leaseUntilMs) {
      this.#dropLapsed();
      return undefined;
    }`,
    put: ``,
    test: 'packages/engine/test/unit/lines.test.ts',
  },
  {
    name: 'cache-lease-checked-by-a-timer',
    breaks: 'a node that was paused answers an old value until its timers have fired',
    file: `${lines}/lines.ts`,
    find: `    if (nowMs >= this.#leaseUntilMs) {
      this.#dropLapsed();
      return undefined;
    }`,
    put: `    const untilMs = this.#leaseUntilMs;
    setTimeout(() => {
      if (this.#leaseUntilMs === untilMs) this.#dropLapsed();
    }, untilMs - nowMs).unref();`,
    test: 'packages/engine/test/unit/lines.test.ts',
  },
  {
    name: 'directory-lost-by-a-new-leader',
    breaks:
      'after a change of the leader a write is acknowledged while nodes answer what it has replaced',
    file: `${engine}/directory.ts`,
    find: `beganMs + grantorLeaseMs(cacheLeaseMs); // SHARER-4`,
    put: `beganMs;`,
    test: 'packages/engine/test/unit/coherence.test.ts',
  },
  {
    name: 'old-answer-kept-after-invalidation',
    breaks:
      'an answer that was overtaken by an invalidation of its key stays in the memory of its node',
    file: `${lines}/lines.ts`,
    find: ` || grant.seq <= fetch.invalidatedThrough`,
    put: ``,
    test: 'packages/engine/test/unit/lines.test.ts',
  },
  {
    name: 'late-invalidation-counts-for-less',
    breaks: 'an older invalidation that comes late lets an answer in that a newer one had refused',
    file: `${lines}/lines.ts`,
    find: `Math.max(fetch.invalidatedThrough, seq)`,
    put: `seq`,
    test: 'packages/protocol/test/unit/lines.test.ts',
  },
  {
    name: 'absence-not-invalidated',
    breaks: 'a node goes on answering that a key has no value after it was given one',
    file: `${lines}/lines.ts`,
    find: `      this.#lines.delete(key);
      for (const fetch`,
    put: `      const had = this.#lines.peek(key)?.value;
      if (typeof had !== 'object' || had === null || !('view' in had) || had.view !== undefined)
        if (had !== undefined) this.#lines.delete(key);
      for (const fetch`,
    test: 'packages/engine/test/unit/lines.test.ts',
  },
  {
    name: 'lines-survive-another-leader',
    breaks: 'a lease of a new leader keeps lines alive that only its predecessor knew of',
    file: `${lines}/lines.ts`,
    find: ` || (this.#term !== 0 && term > this.#term)`,
    put: ``,
    test: 'packages/engine/test/unit/lines.test.ts',
  },
  {
    name: 'cache-lease-counted-from-the-answer',
    breaks:
      'an answer that was long on its way gives its node a lease that its leader has seen run out',
    file: `${lines}/lines.ts`,
    find: `fetch.sentMs + grant.leaseMs; // LINE-5`,
    put: `nowMs + grant.leaseMs;`,
    test: 'packages/engine/test/unit/lines.test.ts',
  },
  {
    name: 'granted-while-a-write-waits',
    breaks: 'a node is given a value to keep that is about to be replaced',
    file: `${engine}/directory.ts`,
    find: `entry !== undefined && entry.blocks > 0`,
    put: `entry !== undefined && entry.blocks > 9`,
  },
  {
    name: 'lease-that-ran-out-goes-on',
    breaks: 'a node whose lines were taken for gone is granted more time for them',
    file: `${engine}/directory.ts`,
    find: `this.#isOver(known, nowMs) ? 'over' : known`,
    put: `known`,
  },
  {
    name: 'value-ends-late-in-memory',
    breaks: 'a node answers a value after its end was seen elsewhere',
    file: `${lines}/lines.ts`,
    find: `fetch.sentMs + certainMs(`,
    put: `fetch.sentMs + 400 + certainMs(`,
    test: 'packages/engine/test/unit/lines.test.ts',
  },
  {
    name: 'two-writes-of-one-version',
    breaks: 'a compare-and-set by version replaces a value that its caller has never seen',
    file: `${state}/entries.ts`,
    find: `  if (found?.version === tables.index || tables.cache.wasDeletedIn(tables.index, name))
    return busy(name);`,
    put: ``,
  },
  {
    name: 'hold-of-a-write-not-looked-at',
    breaks: 'a holder that has lost its lock writes nevertheless',
    file: `${state}/entries.ts`,
    find: `  return ifHeld === undefined || isHeld(tables, ifHeld)
    ? undefined
    : holdNotCurrent(tables, ifHeld);`,
    put: `  if (tables.fenceCounter >= (ifHeld?.fenceToken ?? 0)) return undefined;
  return ifHeld === undefined || isHeld(tables, ifHeld)
    ? undefined
    : holdNotCurrent(tables, ifHeld);`,
  },
  {
    name: 'lines-without-a-count',
    breaks: 'a node keeps as many lines as fit into their bytes, however small they are',
    file: `${engine}/node-store.ts`,
    find: `      if (lines.size > maxLines) lines.pop();\n`,
    put: ``,
    test: 'packages/engine/test/unit/lines.test.ts',
  },
  {
    name: 'node-acknowledges-for-its-clients',
    breaks: 'a client answers from its memory what an acknowledged write has replaced',
    file: `${engine}/coherence.ts`,
    find: `return dropped === undefined || this.#soon(dropped, told.keys);`,
    put: `return dropped !== undefined || dropped === undefined;`,
  },
  {
    name: 'client-lease-longer-than-its-nodes',
    breaks:
      'a client answers an old value after the lease of its node, which is all that the leader waits for',
    file: `${engine}/client-memories.ts`,
    find: `Math.min(clientLeaseMs, line.leaseLeftMs)`,
    put: `Math.max(clientLeaseMs, line.leaseLeftMs)`,
  },
  {
    name: 'client-granted-what-its-node-has-not',
    breaks:
      'a client keeps a value of which the leader knows no line, so that nobody tells it to drop it',
    file: `${engine}/coherence.ts`,
    find: `const isKept = line !== undefined && line.value === read.found;`,
    put: `const isKept = line === undefined || line.value !== undefined;`,
  },
  {
    name: 'client-lines-outlive-those-of-their-node',
    breaks: 'a client goes on with what a node that has begun anew does not know that it has',
    file: `${engine}/coherence.ts`,
    find: `      return this.#lines.memoryNumber + changes;`,
    put: `      return 1 + changes;`,
  },
  {
    name: 'client-memory-survives-its-connection',
    breaks: 'another node extends the lease of values that it cannot tell to be invalid',
    file: 'packages/client/src/cache-memory.ts',
    find: `    connection.onBroken(() => this.#lines.drop()); // CLIENT-CACHE-2`,
    put: ``,
  },
  {
    name: 'silent-sharer-extends-its-lease',
    breaks: 'a node that is not reached, and reads on, holds a write up for ever',
    file: `${engine}/sharer.ts`,
    find: `nowMs - firstOf(owed) > longestOwedMs`,
    put: `nowMs - firstOf(owed) > 1e9`,
  },
  {
    name: 'later-leader-taken-for-the-first',
    breaks:
      'a leader that knows of no lines lets writes through while those of its predecessor are answered',
    file: `${engine}/leading.ts`,
    find: `lastIndex <= 1) this.#firstTerm = term;`,
    put: `lastIndex > 0) this.#firstTerm = term;`,
  },
  {
    name: 'superseded-fill-is-written',
    breaks: 'what was loaded before a write replaces what was written',
    file: `${engine}/fills.ts`,
    find: `return turn !== undefined && turn.token === token && nowMs < turn.untilMs;`,
    put: `return turn !== undefined || token !== '';`,
  },
  {
    name: 'fill-turn-survives-a-write',
    breaks:
      'a value that was deleted because it changed is replaced by the one that was loaded before',
    file: `${engine}/fills.ts`,
    find: `    if (turn !== undefined && turn.token !== by) this.#end(key, turn);`,
    put: `    if (turn !== undefined && turn.token === by) this.#end(key, turn);`,
  },
  {
    name: 'two-loaders-of-one-key',
    breaks: 'all that find no value load it',
    file: `${engine}/fills.ts`,
    find: `    if (turn !== undefined && nowMs < turn.untilMs) {`,
    put: `    if (turn !== undefined && token !== undefined && nowMs < turn.untilMs) {`,
  },
  {
    name: 'load-under-a-turn-that-is-over',
    breaks: 'a client that was paused loads a value while another one does',
    file: 'packages/client/src/cache-filling.ts',
    find: `left > 0 && this.#isLate(askedAt, options)`,
    put: `left > 9 && this.#isLate(askedAt, options)`,
    test: 'packages/client/test/unit/cache-filling.test.ts',
  },
  {
    name: 'fill-without-its-token',
    breaks: 'a client writes what it has loaded over what was written meanwhile',
    file: 'packages/client/src/cache-filling.ts',
    find: `const body = { key, value, fill_token: token, ...ttl };`,
    put: `const body = { key, value, ...ttl };`,
  },
  {
    name: 'read-that-fails-late-is-never-ended',
    breaks: 'a client remembers each read of which it cannot use the answer for as long as it runs',
    file: 'packages/client/src/cache-memory.ts',
    find: `      this.#lines.failFetch(fetch); // LINE-7\n`,
    put: ``,
  },
  {
    name: 'client-memory-by-a-clock-that-misses-sleep',
    breaks: 'a client whose machine slept answers what was replaced meanwhile',
    file: 'packages/client/src/client.ts',
    find: ` || clock.mayMissSleep === true // CLIENT-CACHE-5`,
    put: ``,
    hiddenFromRuns: 'the clocks of runs count sleep',
  },
  {
    name: 'node-memory-by-a-clock-that-misses-sleep',
    breaks: 'a node whose machine slept answers what was replaced meanwhile',
    file: `${engine}/coherence.ts`,
    find: `clock.mayMissSleep === true ? unkept : grant; // COH-3`,
    put: `grant;`,
    hiddenFromRuns: 'the clocks of runs count sleep',
  },
  {
    name: 'answer-to-an-earlier-leadership-counts',
    breaks:
      'a leader that leads again lets writes through by what a node had dropped for its leadership before, and was granted anew since',
    file: `${engine}/leading.ts`,
    find: `      leadsOn: () => this.#led === led,
      onNoneLeft: () => {
        led.directory.earlierAreOver();`,
    put: `      leadsOn: () => true,
      onNoneLeft: () => {
        (this.#led ?? led).directory.earlierAreOver();`,
  },
  {
    name: 'node-drops-for-the-first-new-leader-only',
    breaks: 'a node says that nothing of earlier leaders is left because that was so once',
    file: `${engine}/coherence.ts`,
    find: `if (term > this.#newest.term) this`,
    put: `if (this.#newest.term === 0) this`,
  },
  {
    name: 'node-not-asked-by-a-new-leader',
    breaks:
      'a new leader lets writes through while a node that it has not asked answers old values',
    file: `${engine}/earlier-lines.ts`,
    find: `new Set(members.all);`,
    put: `new Set(members.all.slice(0, -1));`,
  },
  {
    name: 'silent-node-taken-for-one-without-lines',
    breaks:
      'a new leader lets writes through while the one before, which is cut off, answers old values',
    file: `${engine}/earlier-lines.ts`,
    find: `      () => again(),`,
    put: `      () => {
        left.delete(node);
        if (left.size === 0 && leadsOn()) onNoneLeft();
      },`,
  },
  {
    name: 'removed-member-not-waited-for',
    breaks:
      'a member that was removed answers old values after the next leader let a write through',
    file: `${engine}/earlier-lines.ts`,
    find: `  if (!members.areAll(beganMs)) return; // EARLIER-1\n`,
    put: ``,
  },
  {
    name: 'lines-for-those-that-no-later-leader-knows',
    breaks:
      'a node that was added by an entry that is lost keeps lines of which a later leader cannot ask',
    file: `${engine}/leading.ts`,
    find: `if (!this.#mayBeGranted(node))`,
    put: `if (node === '')`,
  },
  {
    name: 'late-grant-of-the-leader-before-is-kept',
    breaks:
      'a node that said that it has nothing of earlier leaders is granted something by one afterwards',
    file: `${lines}/lines.ts`,
    find: ` || term < this.#leastTerm) return`,
    put: `) return`,
  },
  {
    name: 'clients-keep-what-their-node-dropped-for-a-new-leader',
    breaks:
      'clients answer old values after a new leader was told that nothing is left at their node',
    file: `${engine}/coherence.ts`,
    find: `    await this.#clients.dropAll();\n`,
    put: ``,
  },
  {
    name: 'new-process-vouches-for-the-one-before',
    breaks:
      'clients of a node that was started anew answer what the process before it granted them',
    file: `${engine}/coherence.ts`,
    find: `    if (leftMs > 0) await`,
    put: `    if (leftMs > 1e9) await`,
  },
  {
    name: 'silent-client-ends-the-lease-of-its-node',
    breaks: 'one client that is paused takes what all others of its node have in their memory',
    file: `${engine}/leading.ts`,
    find: `    if (isList(dropped)) directory.heard(sharer, notGone); // SHARER-7\n`,
    put: ``,
  },
  {
    name: 'all-that-are-awaited-looked-at',
    breaks: 'a write of a key that very many have takes steps with the square of their number',
    file: `${engine}/directory.ts`,
    find: `if (!this.#isOver(sharer, nowMs)) return false; // SHARER-9
      awaited.delete(sharer);
      holders.delete(sharer);
    }
    return true;`,
    put: `if (!this.#isOver(sharer, nowMs)) continue;
      awaited.delete(sharer);
      holders.delete(sharer);
    }
    return awaited.size === 0;`,
    test: 'packages/engine/test/unit/cache-many.test.ts',
  },
  {
    name: 'room-made-by-all-that-is-over',
    breaks: 'one read walks through all keys of the directory, in one turn',
    file: `${engine}/directory.ts`,
    find: `let left = lookedAtPerRead; // SHARER-9`,
    put: `let left = 1e6; // SHARER-9`,
    test: 'packages/engine/test/unit/cache-many.test.ts',
  },
  {
    name: 'timers-of-former-writes-stay',
    breaks:
      'each write of a key that a slow client has leaves a timer that lives as long as its lease',
    file: `${engine}/client-memories.ts`,
    find: `    waiting.cancelLook();
`,
    put: ``,
    test: 'packages/engine/test/unit/cache-many.test.ts',
  },
  {
    name: 'one-client-takes-the-place-of-all',
    breaks: 'a client that begins anew again and again keeps all others from keeping anything',
    file: `${engine}/directory.ts`,
    find: `    if (memoryIds >= this.#bounds.maxMemoriesEach) return undefined; // SHARER-6\n`,
    put: ``,
  },
  {
    name: 'keys-of-one-client-without-a-bound',
    breaks: 'the keys of one client push those of all others out of the directory',
    file: `${engine}/directory.ts`,
    find: `sharer.keys.size >= this.#bounds.maxKeysEach && `,
    put: `sharer.keys.size < 0 && `,
  },
  {
    name: 'told-to-drop-all-and-drops-nothing',
    breaks: 'a client says that it has nothing left, and goes on with what it has',
    file: 'packages/client/src/cache-memory.ts',
    find: `      if (memoryId === this.#lines.memoryId) this.#lines.drop();\n`,
    put: ``,
  },
  {
    name: 'wait-to-load-outlives-its-caller',
    breaks:
      'FILL-6: a wait for the turn to load a value goes on when its caller has gone, and takes the room of others',
    file: 'packages/engine/src/cache/filling.ts',
    find: `  signal?.addEventListener('abort', onAbort, { once: true }); // FILL-6\n`,
    put: ``,
    test: 'packages/engine/test/unit/coherence.test.ts',
  },
  {
    name: 'ended-wait-to-load-takes-room',
    breaks:
      'FILL-6: callers that wait for the turn to load a value and go leave no room for others: nobody waits any more',
    file: 'packages/engine/src/cache/filling.ts',
    find: `  stop();\n`,
    put: `  if (signal?.aborted !== true) stop();\n`,
    hiddenFromRuns: 'in runs far fewer wait than may',
    test: 'packages/engine/test/unit/coherence.test.ts',
  },
  {
    name: 'turn-of-changed-rights-kept',
    breaks:
      'FILL-5: who may still load a value waits for its own turn, of which it was not told as its rights had changed',
    file: 'packages/engine/src/cache/filling.ts',
    find: `    assertAdmitted(); // LEADERSHIP-7
    if (given !== undefined && clock.now() >= endsMs) throw turnNotTold();
    return answer;
  } catch (error) {`,
    put: `    if (given !== undefined && clock.now() >= endsMs) throw turnNotTold();
    assertAdmitted();
    return answer;
  } catch (error) {
    if (clock.now() < endsMs) throw error;`,
    hiddenFromRuns: 'in runs rights change seldom, and clients read the key again',
    test: 'packages/engine/test/unit/leader-calls.test.ts',
  },
  {
    name: 'turn-of-a-caller-that-has-gone-is-kept',
    breaks:
      'FILL-WAIT-1: a turn that is given to a caller that has gone is not given back, and others wait until it ends by itself',
    file: 'packages/api/src/operations/cache.ts',
    find: `token === undefined || token === asked.token`,
    put: `token !== asked.token || token === asked.token`,
    test: 'packages/api/test/unit/cancellable.test.ts',
  },
  {
    name: 'wait-to-load-outlives-the-right-to-it',
    breaks:
      'DENY-4: a wait for the turn to load a value goes on when the right to it, or the key of its caller, is revoked',
    file: 'packages/api/src/operations/cache.ts',
    find: `  const gone = new Promise<'caller' | 'stop'>((resolve) => waiter.onGone(resolve));`,
    put: `  const gone = new Promise<'caller' | 'stop'>(() => waiter.onGone(() => undefined));`,
    test: 'packages/api/test/unit/cancellable.test.ts',
  },
  {
    name: 'member-that-came-and-went-unseen',
    breaks:
      'a member that was added and removed between two looks of a new leader answers an old value',
    file: 'packages/engine/src/cache/earlier-lines.ts',
    find: `if (membershipIndex !== this.#seenIndex)`,
    put: `if ([...this.#members].some((id) => !members.has(id)))`,
    test: 'packages/engine/test/unit/coherence.test.ts',
  },
];

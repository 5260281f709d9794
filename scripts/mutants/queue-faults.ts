/** Faults in queues of messages. */
import type { Fault } from './fault.ts';

const queue = 'packages/state/src/primitives/queue';
const redis = 'packages/queue/src/redis';

export const queueFaults: readonly Fault[] = [
  {
    name: 'key-not-blocked-in-flight',
    breaks: 'two messages of one key are worked on at the same time',
    file: `${queue}/deliveries.ts`,
    find: `    if (lane.queue.order === 'key') lane.held = message; // LANE-1
    dueAt(tables, message, tables.timeMs + visibilityMs);`,
    put: `    dueAt(tables, message, tables.timeMs + visibilityMs);`,
  },
  {
    name: 'key-not-blocked-by-retry',
    breaks: 'a message overtakes the one before it of its key, which waits for a retry',
    file: `${queue}/deliveries.ts`,
    find: `    if (lane.queue.order === 'key') lane.held = message; // LANE-1
    dueAt(tables, message, tables.timeMs + retryInMs);`,
    put: `    dueAt(tables, message, tables.timeMs + retryInMs);`,
    test: 'packages/state/test/unit/message-queue.test.ts',
  },
  {
    name: 'stale-receipt-acknowledges',
    breaks: 'a consumer that lost its message ends the delivery of another one',
    file: `${queue}/deliveries.ts`,
    find: `    message.fenceToken === fenceToken;`,
    put: `    fenceToken > 0;`,
    test: 'packages/state/test/unit/message-queue.test.ts',
  },
  {
    name: 'hot-key-served-first',
    breaks: 'a key with many messages keeps all others waiting',
    file: `${queue}/deliveries.ts`,
    find: `  lane.turn = tables.nextSequence(); // LANE-3`,
    put: `  tables.nextSequence(); // LANE-3`,
    test: 'packages/state/test/unit/message-queue.test.ts',
  },
  {
    name: 'dead-letter-delivered-again',
    breaks: 'a message that fails each time is delivered for ever',
    file: `${queue}/deliveries.ts`,
    find: `  deliveries >= maxDeliveries || isLost(payload);`,
    put: `  deliveries > maxDeliveries || isLost(payload);`,
    test: 'packages/state/test/unit/message-queue.test.ts',
  },
  {
    name: 'dedup-id-forgotten-with-its-message',
    breaks: 'a push that is sent again after its message was acknowledged is done twice',
    file: `${queue}/push.ts`,
    find: `  if (same !== undefined) return { id: same.id, duplicate: true }; // DEDUP-1`,
    put: `  if (same !== undefined && queue.live.get(same.id) !== undefined)
    return { id: same.id, duplicate: true }; // DEDUP-1`,
    test: 'packages/state/test/unit/message-queue.test.ts',
  },
  {
    name: 'known-messages-counted',
    breaks: 'a push that is sent again is refused, for the first has filled the queue',
    file: `${queue}/push.ts`,
    find: `    if (isKnown && tables.featureLevel >= duplicatesUncountedLevel) continue; // DEDUP-3`,
    put: ``,
    test: 'packages/state/test/unit/message-queue.test.ts',
  },
  {
    name: 'captured-messages-change',
    breaks: 'a snapshot has some messages as they were and others as they are: members differ',
    file: 'packages/state/src/kernel/collections/ordered-by-number.ts',
    find: `    if (leaf === undefined || leaf.capture === this.#captures) return leaf;`,
    put: `    if (leaf === undefined || leaf.capture <= this.#captures) return leaf;`,
  },
  {
    name: 'failed-pop-keeps-its-waking',
    breaks: 'a message is ready and nobody takes it for seconds, though others wait',
    file: 'packages/api/src/operations/queue-pop.ts',
    find: `    if (!ofAllPops.has(code)) context.service.queueWaiters.wakeSome(command.name, 1);`,
    put: `    if (code === '') context.service.queueWaiters.wakeSome(command.name, 1);`,
    test: 'packages/api/test/unit/queues.test.ts',
  },
  {
    name: 'all-waiting-pops-woken',
    breaks: 'each message makes every consumer that waits ask the log',
    file: 'packages/api/src/operations/queue-waiters.ts',
    find: `      if (left === 0) break;`,
    put: `      if (left < -1000) break;`,
    test: 'packages/api/test/unit/queues.test.ts',
  },
  {
    name: 'message-held-by-timer',
    breaks: 'a consumer whose event loop was blocked works on a message that others have',
    file: 'packages/client/src/queue-delivery.ts',
    find: `    return Math.max(0, this.#visibilityMs - this.#marginMs - passed);`,
    put: `    return Math.max(1, this.#visibilityMs - this.#marginMs - passed);`,
    test: 'packages/client/test/unit/queue.test.ts',
  },
  {
    name: 'redis-fence-not-compared',
    breaks: 'a node that was paused takes messages of a partition that another one owns now',
    file: `${redis}/lua/base.ts`,
    find: `  if token < seen then return false end`,
    put: `  if token < 0 then return false end`,
  },
  {
    name: 'redis-late-acknowledgement',
    breaks: 'a message that is to be delivered again is ended by the consumer that was too late',
    file: `${redis}/lua/deliveries.ts`,
    find: `and m.due <= now then`,
    put: `and m.due <= 0 then`,
  },
  {
    name: 'redis-key-not-blocked-by-retry',
    breaks: 'a message overtakes the one before it of its key, which waits for a retry',
    file: `${redis}/lua/deliveries.ts`,
    find: `  if S.order == 'key' then l.h = m.id end -- LANE-1
  dueAt(m, now + retry)`,
    put: `  dueAt(m, now + retry)`,
    test: 'packages/queue/test/integration/redis-conformance.test.ts',
  },
  {
    name: 'redis-purge-by-one-owner',
    breaks: 'a purge says that all is gone, and leaves what other owners have',
    file: `${redis}/lua/operators.ts`,
    find: `num(call('HGET', Q, 'seq')) * 64 + 63)`,
    put: `num(call('ZREVRANGE', B .. part .. next(A.owned), 0, 0)[1]))`,
    test: 'packages/queue/test/integration/redis-ownership.test.ts',
  },
  {
    name: 'redis-name-of-no-queue',
    breaks: 'refused pushes use up the number of queues for ever',
    file: `${redis}/partitions.ts`,
    find: `    if (command.type === 'queue_delete' || (isNamedAnew && isRefused))`,
    put: `    if (command.type === 'queue_delete')`,
    test: 'packages/queue/test/integration/redis-ownership.test.ts',
  },
  {
    name: 'redis-names-in-braces',
    breaks: 'two queues share a key of Redis, and a script ends in the middle',
    file: `${redis}/connection.ts`,
    find: '{${queue.replace(/[%{}]/g, encodeURIComponent)}}',
    put: '{${queue}}',
    test: 'packages/queue/test/integration/redis-conformance.test.ts',
  },
  {
    name: 'redis-lock-asked-for-twice',
    breaks:
      'a node takes the grant of a lock that it gave back for a new one: a partition has no owner',
    file: `${redis}/ownership.ts`,
    find: `        requestId: randomUUID(),`,
    put: `        requestId: name,`,
    test: 'packages/queue/test/integration/redis-ownership.test.ts',
  },
  {
    name: 'redis-tokens-begin-anew',
    breaks:
      'a receipt of a queue that is gone acknowledges a message of the one under its name now',
    file: `${redis}/lua/base.ts`,
    find: `string.format('%.0f', now * 10)`,
    put: `0`,
    test: 'packages/queue/test/integration/redis-fences.test.ts',
  },
  {
    name: 'redis-ids-begin-anew',
    breaks: 'an operator who redrives a dead letter of a queue that is gone redrives another one',
    file: `${redis}/lua/base.ts`,
    find: `string.format('%.0f', math.max(0, now - 1704067200000) * 10)`,
    put: `0`,
    test: 'packages/queue/test/integration/redis-fences.test.ts',
  },
  {
    name: 'redis-purge-end-rounded',
    breaks: 'a purge of several steps ends messages that were pushed meanwhile, or leaves some',
    file: `${redis}/lua/operators.ts`,
    find: `end
return done({ count = count, more = more, through = string.format('%.0f', through) })`,
    put: `end
return done({ count = count, more = more, through = through })`,
    test: 'packages/queue/test/integration/redis-fences.test.ts',
  },
  {
    name: 'redis-first-database-asked-for',
    breaks: 'queues are out of reach behind a proxy or an access list that refuses SELECT',
    file: `${redis}/connection.ts`,
    find: `if (database !== undefined && database !== 0 && commands`,
    put: `if (database !== undefined && commands`,
    test: 'packages/queue/test/integration/redis-addresses.test.ts',
  },
  {
    name: 'redis-queues-beyond-their-limit',
    breaks: 'a node makes queues whose names it remembers, however many there are',
    file: `${redis}/lua/pushes.ts`,
    find: `if not S and A.known then return refuse('not_named') end`,
    put: ``,
    test: 'packages/queue/test/integration/redis-names.test.ts',
  },
  {
    name: 'due-message-waits-for-who-was-woken',
    breaks: 'a message that is to be delivered again waits although consumers wait for it',
    file: 'packages/api/src/operations/queue-waiters.ts',
    find: `          cancelLook = this.#after(afterDueMs, look);`,
    put: ``,
    test: 'packages/api/test/unit/queue-waiters.test.ts',
  },
  {
    name: 'lost-message-given-to-the-program',
    breaks: 'a program begins to work on a message that another consumer has by then',
    file: 'packages/client/src/queue.ts',
    find: `          if (!delivery.isHeld()) {`,
    put: `          if (delivery.isSettled) {`,
    test: 'packages/client/test/unit/queue.test.ts',
  },
  {
    name: 'redrive-begins-anew',
    breaks:
      'a redrive of all never ends while what it redrives dies again, and never comes to the later ones',
    file: 'packages/api/src/operations/queues.ts',
    find: `const query = { type: 'dead_letters', name: queue, after, limit: count, idsOnly: true } as const;`,
    put: `const query = { type: 'dead_letters', name: queue, after: 0, limit: count, idsOnly: true } as const;`,
    test: 'packages/api/test/unit/queues.test.ts',
  },
  {
    name: 'message-given-after-the-signal',
    breaks: 'a program that has ended its loop is given more messages',
    file: 'packages/client/src/queue.ts',
    find: `          if (isOver()) return; // CLIENT-QUEUE-4`,
    put: ``,
    test: 'packages/client/test/unit/queue.test.ts',
  },
  {
    name: 'purge-however-long',
    breaks: 'a purge goes on for minutes, for nobody',
    file: 'packages/api/src/operations/queues.ts',
    find: `!isKnown || isOver())`,
    put: `!isKnown || purged > 20_000)`,
    test: 'packages/api/test/unit/queues.test.ts',
  },
  {
    name: 'redis-one-owner-first',
    breaks: 'keys of other owners are not served while those of the first one have messages',
    file: `${redis}/owner-turns.ts`,
    find: `remember(this.#turns, queue, (from + 1) %`,
    put: `remember(this.#turns, queue, (from + 0) %`,
    test: 'packages/queue/test/integration/redis-ownership.test.ts',
  },
  {
    name: 'redis-redrive-passes-over-some',
    breaks:
      'a redrive of several dead letters by their ids leaves those of the owners that are asked last',
    file: `${redis}/spread.ts`,
    find: `if ('ids' in command && command.ids !== undefined) return left <= 0 ? undefined : command;`,
    put: `if ('ids' in command && command.ids !== undefined)
      return left <= 0 ? undefined : { ...command, ids: command.ids.slice(0, left) };`,
    test: 'packages/queue/test/integration/redis-ownership.test.ts',
  },
  {
    name: 'redis-push-beyond-its-memory',
    breaks: 'a Redis whose memory is full takes pushes without end, until its machine ends it',
    file: `${redis}/lua/pushes.ts`,
    find: `local bytes, count, ids = 0, 0, 0`,
    put: `call('HDEL', B .. 'd', '')
local bytes, count, ids = 0, 0, 0`,
    test: 'packages/queue/test/integration/redis-full.test.ts',
  },
  {
    name: 'redis-full-for-owners',
    breaks:
      'where the memory of Redis is full nobody can take over a partition or throw dead letters away',
    file: `${redis}/lua/base.ts`,
    find: `local function whenFull() call('HDEL', B .. 'f', '') end`,
    put: `local function whenFull() end`,
    test: 'packages/queue/test/integration/redis-full.test.ts',
  },
  {
    name: 'redis-all-that-is-due',
    breaks:
      'one pop works on thousands of messages that are due, and Redis serves nobody meanwhile',
    file: `${redis}/lua/base.ts`,
    find: `  dueLeft = dueLeft - #ids`,
    put: ``,
    test: 'packages/queue/test/integration/redis-full.test.ts',
  },
  {
    name: 'redis-taken-for-nobody',
    breaks:
      'an owner takes messages for a caller that does not wait any more, and they are told nobody',
    file: `${redis}/partitions.ts`,
    find: `    if (isLost || isGone()) {`,
    put: `    if (isLost || (isNamedAnew && isGone())) {`,
    test: 'packages/queue/test/integration/redis-full.test.ts',
  },
  {
    name: 'redis-push-fenced-by-its-first-message',
    breaks:
      'a push of several messages changes a partition whose owner it does not know, beside the one of its first message',
    file: `${redis}/lua/pushes.ts`,
    find: `for _, p in ipairs(A.partitions) do`,
    put: `for _, p in ipairs({ A.partition }) do`,
    test: 'packages/queue/test/integration/redis-fences.test.ts',
  },
  {
    name: 'dead-letter-is-the-oldest-of-its-owner',
    breaks: 'a dead letter of last week is told as the oldest message of its owner',
    file: `${queue}/queues.ts`,
    find: `    if (message.state !== 'dead') this.statistics.add(message);`,
    put: `    this.statistics.add(message);`,
    hiddenFromRuns: 'it is told, and decides nothing',
    test: 'packages/state/test/unit/queue-partitions.test.ts',
  },
  {
    name: 'ready-message-not-told-to-its-node',
    breaks: 'a consumer that waits on one node has a message of another node after seconds',
    file: 'packages/queue/src/replicated.ts',
    find: `        if (event.type === 'queue_ready') ready(event.count);`,
    put: ``,
    test: 'packages/workload/test/integration/service-readmes.test.ts',
  },
  {
    name: 'waiting-pop-woken-late',
    breaks: 'a consumer that waits has a message seconds after its push',
    file: 'packages/api/src/operations/queue-waiters.ts',
    find: `      waiter.wake();`,
    put: `      this.#after(lookAgainMs, () => waiter.wake());`,
    test: 'packages/api/test/unit/queues.test.ts',
  },
  {
    name: 'pop-looks-at-many-messages',
    breaks: 'a delivery costs more the more messages another key has',
    file: `${queue}/deliveries.ts`,
    find: `    const lane = queue.ready.first(); // LANE-3
`,
    put: `    const lane = queue.ready.first(); // LANE-3
    let ahead = 0;
    for (const { id } of queue.live.values()) if (id < 0 || ++ahead === 10_000) break;
`,
    hiddenFromRuns: 'it costs time, and changes nothing',
    test: 'packages/state/test/slow/hot-key.test.ts',
  },
];

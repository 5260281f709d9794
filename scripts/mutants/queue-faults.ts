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
];

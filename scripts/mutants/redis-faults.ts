/** Faults in queues that are kept in Redis: in who owns partitions, and in what is asked of their owners. */
import type { Fault } from './fault.ts';

const redis = 'packages/queue/src/redis';

export const redisFaults: readonly Fault[] = [
  {
    name: 'redis-grant-without-an-answer',
    breaks:
      'a partition whose lock was granted in an answer that was lost has no owner while its node lives',
    file: `${redis}/ownership.ts`,
    find: `      if (isHeld) this.#held.set(partition, holder.fenceToken);`,
    put: ``,
    test: 'packages/queue/test/unit/ownership.test.ts',
  },
  {
    name: 'redis-lock-kept-from-its-owner',
    breaks:
      'a node keeps the lock of a partition of another one, which was granted in an answer that was lost',
    file: `${redis}/ownership.ts`,
    find: `    } else if (!isMine && isHeld) {`,
    put: `    } else if (!isMine && this.#owned.has(partition)) {`,
    test: 'packages/queue/test/unit/ownership.test.ts',
  },
  {
    name: 'redis-one-failure-for-all',
    breaks: 'no partition is served where the lock of one of them cannot be asked for',
    file: `${redis}/ownership.ts`,
    find: `    if (this.#isClosed) return;
    this.#note(locks);`,
    put: `    if (this.#isClosed || looks.some((look) => look.status === 'rejected')) return;
    this.#note(locks);`,
    test: 'packages/queue/test/unit/ownership.test.ts',
  },
  {
    name: 'redis-owner-without-a-clock',
    breaks: 'a node that slept serves partitions that others have taken over',
    file: `${redis}/ownership.ts`,
    find: `aliveForMs < sessionMs - marginMs ?`,
    put: `aliveForMs < Number.POSITIVE_INFINITY ?`,
    test: 'packages/queue/test/unit/ownership.test.ts',
  },
  {
    name: 'redis-cut-off-owner-stays',
    breaks: 'a node that cannot reach Redis keeps its partitions from nodes that can',
    file: `${redis}/ownership.ts`,
    find: `>= longestSilenceMs) {`,
    put: `> Number.MAX_SAFE_INTEGER) {`,
    test: 'packages/queue/test/unit/ownership.test.ts',
  },
  {
    name: 'redis-claim-of-no-queue',
    breaks:
      'an owner that was paused makes a queue whose name was there when its partitions were claimed',
    file: `${redis}/lua/pushes.ts`,
    find: `  for p, token in pairs(fences) do call('HSET', B .. 'f', p, string.format('%.0f', token)) end
  call('PEXPIRE'`,
    put: `  call('PEXPIRE'`,
    test: 'packages/queue/test/integration/redis-fences.test.ts',
  },
  {
    name: 'redis-queue-made-too-late',
    breaks: 'a node makes a queue although it knows that its partitions may be of another one',
    file: `${redis}/partitions.ts`,
    find: `    const isLost = !isOwner(tokens); // NAMED-4`,
    put: `    const isLost = tokens.size < 0 && !isOwner(tokens);`,
    test: 'packages/queue/test/integration/redis-fences.test.ts',
  },
  {
    name: 'redis-script-on-half-a-queue',
    breaks:
      'while the slot of a queue moves between two servers of a Redis Cluster a script finds a queue that has lost a part',
    file: `${redis}/connection.ts`,
    find: `{ numberOfKeys: 2, lua: base + step }`,
    put: `{ numberOfKeys: 1, lua: base.replace('ARGV[1]', 'ARGV[2]') + step }`,
    test: 'packages/queue/test/redis/cluster-moves.test.ts',
  },
  {
    name: 'redis-taken-and-told-as-none',
    breaks: 'a pop says that there are no messages where an owner may have taken some',
    file: `${redis}/each-owner.ts`,
    find: `  if (isUnknown(failure) && !spread.hasTaken) throw failure; // EACH-3`,
    put: ``,
    test: 'packages/queue/test/unit/each-owner.test.ts',
  },
  {
    name: 'refused-receipt-counts-as-done',
    breaks:
      'a message that is gone although its acknowledgement was refused is not found by the judge',
    file: 'packages/checker/src/messages.ts',
    find: `        (settledById.get(id) ?? []).some(
          ({ type, outcome }) => type === 'acknowledged' && outcome !== 'refused',
        ),`,
    put: `        (settledById.get(id) ?? []).some(({ type }) => type === 'acknowledged'),`,
    test: 'packages/checker/test/unit/messages.test.ts',
  },
  {
    name: 'redis-ready-not-published',
    breaks: 'a consumer that waits on one node is told of a message of another node after seconds',
    file: `${redis}/lua/base.ts`,
    find: `  if readied > 0 then call('PUBLISH', A.channel, cjson.encode({ queue = A.queue, count = readied })) end
`,
    put: ``,
    test: 'packages/workload/test/integration/redis-waits.test.ts',
  },
  {
    name: 'redis-pop-looks-at-many-messages',
    breaks: 'in Redis a delivery costs more the more messages another key has',
    file: `${redis}/lua/deliveries.ts`,
    find: `  local m = message(head(l)) -- LANE-2
  bytes`,
    put: `  local m = message(head(l)) -- LANE-2
  call('ZRANGE', B .. 'w:hot', 0, 19999)
  bytes`,
    test: 'packages/queue/test/slow/redis-hot-key.test.ts',
  },
];

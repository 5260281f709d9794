/** Faults in the audit: records that are not there, can be changed unseen, or tell what nobody is to know. */
import type { Fault } from './fault.ts';

export const auditFaults: readonly Fault[] = [
  {
    name: 'audit-folder-not-durable',
    breaks:
      'the whole audit of a new node is gone when the power goes, though its records were told to be durable',
    file: 'packages/server/src/audit/chain-file.ts',
    find: `    await disk.makeFolder(folder); // AUDIT-NAME-1`,
    put: `    await (await import('node:fs/promises')).mkdir(folder, { recursive: true });`,
    test: 'packages/server/test/unit/audit/folder-names.test.ts',
  },
  {
    name: 'latest-audit-records-waited-for',
    breaks: 'a node serves nobody while a slow disk lists the files of its audit',
    file: 'packages/server/src/audit/chain-folder.ts',
    find: `  return namesOf(await readdir(folder).catch(orNone), chain);`,
    put: `  return filesAtStart(folder, chain);`,
    test: 'packages/server/test/unit/audit/folder-names.test.ts',
  },
  {
    name: 'audit-file-name-not-durable',
    breaks:
      'a file of the audit is gone when the power goes, though its records were told to be durable',
    file: 'packages/server/src/audit/chain-file.ts',
    find: `    await disk.syncFolder(folder); // AUDIT-NAME-1`,
    put: ``,
    test: 'packages/server/test/unit/audit/folder-names.test.ts',
  },
  {
    name: 'audit-hash-without-the-one-before',
    breaks: 'a record can be taken out of the chain, and the rest still fits',
    file: 'packages/state/src/kernel/audit/chain.ts',
    find: `sha256(\`\${head}\${body}\`)`,
    put: `sha256(\`\${emptyHead}\${body.length === 0 ? head : body}\`)`,
  },
  {
    name: 'audit-head-not-in-snapshots',
    breaks: 'a node that came by a snapshot begins another chain than the others have',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `  return isOn || size > 0 ? [[isOn ? 1 : 0, size, head]] : [];`,
    put: `  return isOn && size < 0 ? [[isOn ? 1 : 0, size, head]] : [];`,
  },
  {
    name: 'audit-tells-session-ids',
    breaks: 'whoever reads the audit can act for the sessions in it',
    file: 'packages/state/src/kernel/audit/told.ts',
    find: `  mode: 'mode',`,
    put: `  sessionId: 'session',
  mode: 'mode',`,
  },
  {
    name: 'audit-end-of-waits-not-told',
    breaks: 'nobody can say who was granted what he had waited for',
    file: 'packages/state/src/kernel/audit/chain.ts',
    find: `      if (event?.type === 'wait_ended') this.addEvent(tables, entry, event);`,
    put: `      if (event?.type === 'access_changed') this.addEvent(tables, entry, event);`,
  },
  {
    name: 'audit-repetition-told-as-grant',
    breaks: 'a request that came twice counts as two grants',
    file: 'packages/state/src/kernel/audit/chain.ts',
    find: `        ...(tables.isAnsweredBefore && !isOther(result) ? { repeated: true } : {}), // AUDIT-CHAIN-3`,
    put: ``,
    test: 'packages/state/test/unit/audit.test.ts',
  },
  {
    name: 'audit-snapshot-before-files',
    breaks: 'records are lost by a power cut after a snapshot: the log does not tell them again',
    file: 'packages/engine/src/snapshot-pieces.ts',
    find: `  await last();`,
    put: `  void last();`,
  },
  {
    name: 'audit-written-twice',
    breaks: 'what the log tells again after a restart is in the file twice',
    file: 'packages/server/src/audit/chain-writer.ts',
    find: `    if (end.seq <= this.#end.seq) {`,
    put: `    if (end.seq < 0) {`,
  },
  {
    name: 'audit-part-of-a-line-left',
    breaks: 'after a full disk there is half a record in the middle of the file',
    file: 'packages/server/src/audit/chain-file.ts',
    find: `      await this.#handle?.truncate(from).catch(() => undefined); // AUDIT-FILE-3`,
    put: `      this.bytes += 20;`,
  },
  {
    name: 'audit-dropped-unseen',
    breaks: 'with a full disk a node goes on and drops records of changes, though it is not to',
    file: 'packages/server/src/audit/node-audit.ts',
    find: `    if (this.#changes.addEntry(lines) || this.#options.onFailure === 'fail_open') return;`,
    put: `    if (this.#changes.addEntry(lines) || this.#options.onFailure !== 'fail_open') return;`,
  },
  {
    name: 'audit-buffer-without-bound',
    breaks: 'a slow disk fills the memory of the node',
    file: 'packages/server/src/audit/chain-writer.ts',
    find: `    const hasRoom = !this.#isFilled(1);`,
    put: `    const hasRoom = !this.#isFilled(1000);`,
  },
  {
    name: 'audit-changes-done-unrecorded',
    breaks: 'what cannot be recorded is done all the same',
    file: 'packages/api/src/pipeline/auditing.ts',
    find: `  return isUnrecordable ? cannotRecord : undefined;`,
    put: `  return isUnrecordable && !request.changes ? cannotRecord : undefined;`,
  },
  {
    name: 'audit-refused-members-not-told',
    breaks: 'whoever tries to put a node into the cluster, and is refused, leaves no trace',
    file: 'packages/api/src/pipeline/auditing.ts',
    find: `    if (request.changes && isByCluster && !isBeside && !isUnlogged) return;`,
    put: `    if (request.changes && isByCluster && !isUnlogged) return;`,
    test: 'packages/api/test/unit/refusals-recorded.test.ts',
  },
  {
    name: 'audit-refused-calls-of-grpc-not-told',
    breaks: 'calls of gRPC that are refused at a limit leave no trace in the audit',
    file: 'packages/api/src/grpc/admission.ts',
    find: `    if (end !== stoppingError)`,
    put: `    if (end === stoppingError)`,
    test: 'packages/api/test/unit/refusals-recorded.test.ts',
  },
  {
    name: 'audit-refusals-of-http-told-twice',
    breaks: 'each refusal of the cluster counts as two attempts, under two names',
    file: 'packages/api/src/http/application.ts',
    find: `  if (performed.has(request)) return;`,
    put: ``,
    test: 'packages/api/test/unit/refusals-recorded.test.ts',
  },
  {
    name: 'audit-wrong-key-not-told',
    breaks: 'whoever tries keys leaves no trace',
    file: 'packages/api/src/pipeline/access-control.ts',
    find: `        this.#options.onWrongProof?.(`,
    put: `        if (address === '') this.#options.onWrongProof?.(`,
  },
  {
    name: 'audit-order-not-verified',
    breaks: 'a record that stands twice is not found',
    file: 'packages/server/src/audit/verify.ts',
    find: `    if (seq < expected)`,
    put: `    if (seq < expected - 1)`,
  },
  {
    name: 'audit-hash-not-verified',
    breaks: 'an altered record is not found',
    file: 'packages/server/src/audit/verify.ts',
    find: `    if (!isWhole || toldSeq !== seq)`,
    put: `    if (!isWhole && toldSeq !== seq)`,
  },
  {
    name: 'audit-shortened-unseen',
    breaks: 'the last records can be taken away though a checkpoint knows of them',
    file: 'packages/server/src/audit/compare.ts',
    find: `  const longer = known.find(({ end }) => end.seq > verified.end.seq);`,
    put: `  const longer = known.find(({ end }) => end.seq < 0);`,
  },
  {
    name: 'audit-name-of-node-not-verified',
    breaks: 'a chain that was cut off is passed off as that of another node',
    file: 'packages/server/src/audit/verify.ts',
    find: `told.node !== undefined && told.node !== this.node)`,
    put: `told.node !== undefined && told.node === '')`,
  },
  {
    name: 'audit-name-of-node-in-no-hash',
    breaks:
      'the name of the node in its files can be changed, and nobody looks for the records of then',
    file: 'packages/server/src/audit/node-audit.ts',
    find: `{ at_ms, revision, node, ...what }`,
    put: `{ at_ms, revision, node: node === '' ? node : undefined, ...what }`,
  },
  {
    name: 'audit-checkpoint-of-no-folder-passed-over',
    breaks:
      'a checkpoint is kept, and verifying says that all is whole without the chain that it is of',
    file: 'packages/server/src/audit/compare.ts',
    find: `  return [...all, ...unmatched(kept, all)];`,
    put: `  return unmatched(kept, all).length < 0 ? [] : all;`,
  },
  {
    name: 'audit-refusals-among-changes',
    breaks: 'whoever is refused often enough pushes out the records of changes',
    file: 'packages/server/src/audit/node-audit.ts',
    find: `this.#record(request.changes ? this.#own : this.#requests, {`,
    put: `this.#record(request.isRefused || request.changes ? this.#own : this.#requests, {`,
  },
  {
    name: 'audit-refusals-without-bound-together',
    breaks: 'whoever has many addresses fills the disk with its refusals',
    file: 'packages/server/src/audit/refusals.ts',
    find: `|| this.#together >= mostTogether)`,
    put: `|| this.#together < 0)`,
  },
  {
    name: 'audit-fsync-tried-again',
    breaks: 'after a failed fsync records count as durable that the disk has not',
    file: 'packages/server/src/audit/chain-writer.ts',
    find: `      this.#writtenCount = 0;
      throw error;`,
    put: `      throw error;`,
  },
  {
    name: 'audit-apply-does-not-wait',
    breaks:
      'a node that reads on from a long log ends, since its disk is slower than its processor',
    file: 'packages/engine/src/apply-queue.ts',
    find: `      if (this.#isHeldUp()) break;`,
    put: ``,
  },
  {
    name: 'audit-holds-up-the-end-of-a-node',
    breaks: 'a node whose audit cannot be written does not end in time',
    file: 'packages/engine/src/snapshots.ts',
    find: `    void this.#options.clock.after(longestAuditWaitMs, cancelWait); // ENG-SNAP-8`,
    put: `    void cancelWait;`,
  },
  {
    name: 'audit-told-as-durable-at-the-end',
    breaks: 'a node that ends finishes a snapshot whose records are in no file',
    file: 'packages/server/src/audit/chain-writer.ts',
    find: `    this.cancelWaiting();
    return`,
    put: `    this.stopWaiting();
    return`,
  },
  {
    name: 'audit-half-a-key',
    breaks: 'after a crash a node has half a key, and signs no checkpoint',
    file: 'packages/server/src/audit/notes.ts',
    find: `  const partial = \`\${path}.partial\`;`,
    put: `  const partial = path;`,
  },
  {
    name: 'audit-signature-not-checked',
    breaks: 'an altered checkpoint is taken for one that the node signed',
    file: 'packages/server/src/audit/notes.ts',
    find: `    if (verify(null, Buffer.from(text), key, signature.subarray(4))) return;`,
    put: `    if (verify(null, Buffer.from(text), key, signature.subarray(4)) || text !== '') return;`,
  },
];

/** What opens a cluster that was restored. */
export const restoredAccessFaults: readonly Fault[] = [
  {
    name: 'restore-brings-keys-back-unsaid',
    breaks: 'whoever restores a backup opens the cluster to keys that were revoked since',
    file: 'packages/engine/src/restore/access-anew.ts',
    find: `  if (choice !== undefined || (isNothing && !isEnabled)) return;`,
    put: `  if (choice !== 'end' || (isNothing && !isEnabled)) return;`,
  },
  {
    name: 'restore-leaves-roles-of-anonymous',
    breaks: 'keys end over a restore, and who proves nothing may still do what it might then',
    file: 'packages/engine/src/restore/access-anew.ts',
    find: `    for (const role of roles) endings.push({ type: 'auth_unbind', identity, role });`,
    put: `    for (const role of roles) if (identity !== 'anonymous') endings.push({ type: 'auth_unbind', identity, role });`,
  },
  {
    name: 'restore-ends-authentication',
    breaks: 'keys end over a restore, and everybody may do everything',
    file: 'packages/engine/src/restore/access-anew.ts',
    find: `{ type: 'auth_create_key', roles: ['admin'], ...administrator }, { type: 'auth_enable' }]`,
    put: `{ type: 'auth_create_key', roles: ['admin'], ...administrator }]`,
  },
];

/** What is to keep one caller from harming the rest. */
export const limitFaults: readonly Fault[] = [
  {
    name: 'rate-of-identity-alone',
    breaks: 'whoever has many keys asks as often as it wants from one address',
    file: 'packages/api/src/pipeline/rates.ts',
    find: `      : [[this.#ofIdentity, callerOf(identity, address)], ofAddress];`,
    put: `      : [[this.#ofIdentity, callerOf(identity, address)]];`,
  },
  {
    name: 'rate-refuses-keepalives',
    breaks: 'a session is lost because others of its address ask too often',
    file: 'packages/api/src/pipeline/rates.ts',
    find: `const isFree = isFreeOfRates(operation);`,
    put: `const isFree = isFreeOfRates('none' + operation);`,
  },
  {
    name: 'rate-debt-without-floor',
    breaks: 'whoever sent one large body is refused for hours, with all that share its address',
    file: 'packages/api/src/pipeline/rates.ts',
    find: `Math.max(-debtSeconds * this.#perSecond, bucket.tokens - count)`,
    put: `bucket.tokens - count`,
  },
  {
    name: 'wrong-keys-looked-at-without-limit',
    breaks: 'whoever guesses keys keeps a node busy, as fast as it can send',
    file: 'packages/api/src/pipeline/access-control.ts',
    find: `return wrongKeys?.wrong(id, address) ?? wrongKey(); // WRONG-KEY-1, WRONG-KEY-2`,
    put: `return wrongKey();`,
    test: 'packages/api/test/unit/wrong-keys.test.ts',
  },
  {
    name: 'keys-refused-before-they-are-known',
    breaks: 'a node that starts tells valid keys that they are wrong, and clients end by it',
    file: 'packages/api/src/pipeline/access-control.ts',
    find: `    this.#askHowFar();
    return true;`,
    put: `    this.#askHowFar();
    return false;`,
    test: 'packages/api/test/unit/wrong-keys.test.ts',
  },
  {
    name: 'wrong-keys-of-others-lock-out',
    breaks: 'whoever shows wrong keys locks out all that have the same proxy',
    file: 'packages/api/src/pipeline/access-control.ts',
    find: `    const key = engine.access.key(id);
    if (!isSecretOf`,
    put: `    const key = engine.access.key(id);
    const tooMany = wrongKeys?.wrong(id, address);
    if (tooMany !== undefined) return tooMany;
    if (!isSecretOf`,
    test: 'packages/api/test/unit/wrong-keys.test.ts',
  },
  {
    name: 'rates-of-all-callers-kept',
    breaks: 'whoever has many addresses fills the memory of a node',
    file: 'packages/api/src/pipeline/recent.ts',
    find: `    if (this.#young.size >= this.#half && !this.#young.has(key)) {`,
    put: `    if (this.#young.size < 0) {`,
  },
  {
    name: 'slow-requests-kept',
    breaks: 'connections that send a byte now and then use up all that a node may have',
    file: 'packages/api/src/http/application.ts',
    find: `    requestTimeout: limits.requestArrivalMs,`,
    put: `    requestTimeout: 1000 * limits.requestArrivalMs,`,
  },
  {
    name: 'limit-of-cluster-told-as-of-node',
    breaks: 'whoever is refused asks all other nodes in vain',
    file: 'packages/api/src/request-error.ts',
    find: `scope: 'cluster'`,
    put: `scope: 'node'`,
  },
  {
    name: 'audit-file-that-is-written-deleted',
    breaks: 'small files of the audit are deleted while records are written to them',
    file: 'packages/server/src/audit/chain-folder.ts',
    find: 'if (name === written.name || name === names.at(-1)) continue;',
    put: 'if (names.length === 1) continue;',
    test: 'packages/server/test/unit/audit/chain-files.test.ts',
  },
  {
    name: 'change-of-the-log-level-not-recorded',
    breaks: 'who made a node silent, before doing something else, stands in no audit',
    file: 'packages/api/src/pipeline/auditing.ts',
    find: `  'set_log_level',
`,
    put: ``,
  },
  {
    name: 'audit-of-a-node-by-the-wall-clock',
    breaks:
      'after the wall clock was set back by an hour no anchor is told for an hour: the chains can be shortened unseen',
    file: 'packages/server/src/audit/node-audit.ts',
    find: `this.#now = options.now ?? (() => performance.now());`,
    put: `this.#now = () => Date.now();`,
    test: 'packages/server/test/unit/audit/stepped-clock.test.ts',
  },
  {
    name: 'audit-disk-waited-for-by-the-wall-clock',
    breaks:
      'a step of the wall clock ends the patience with a disk that hangs, and with it the node',
    file: 'packages/server/src/audit/chain-writer.ts',
    find: `this.#now = options.now ?? (() => performance.now());`,
    put: `this.#now = () => Date.now();`,
    test: 'packages/server/test/unit/audit/stepped-clock.test.ts',
  },
  {
    name: 'refused-changes-without-bound',
    breaks: 'RATE-6: whoever is refused again and again fills the log and the audit of all nodes',
    file: 'packages/api/src/pipeline/refused-changes.ts',
    find: `      if (isInTheLog(settled)) this.#refused.spend(whose, 1, this.#now(), longestDebtSeconds);`,
    put: ``,
    test: 'packages/api/test/unit/refused-changes.test.ts',
  },
  {
    name: 'limits-of-the-cluster-refuse-without-bound',
    breaks: 'RATE-6: whoever has all sessions that one may have fills the log by asking for more',
    file: 'packages/api/src/pipeline/refused-changes.ts',
    find: ` || details['scope'] === 'cluster'`,
    put: ``,
    test: 'packages/api/test/unit/refused-changes.test.ts',
  },
  {
    name: 'refused-changes-of-other-queues-bounded',
    breaks:
      'RATE-6: callers of queues in Redis are refused for what comes neither into the log nor into the audit of all nodes',
    file: 'packages/api/src/pipeline/access.ts',
    find: `changes && !(hasOtherQueues && operation.startsWith('queue_'));`,
    put: `changes;`,
    test: 'packages/api/test/unit/refused-changes.test.ts',
  },
  {
    name: 'audit-opened-before-the-folder-is-locked',
    breaks: 'AUDIT-NODE-7: a second process on the folder cuts off what the running node writes',
    file: 'packages/server/src/node.ts',
    find: `  // AUDIT-NODE-7
`,
    put: `  new NodeAudit({ ...configuration.audit, ...configuration, log, onFatal: options.onFatal });`,
    test: 'packages/server/test/unit/folder-in-use.test.ts',
  },
  {
    name: 'audit-of-a-failed-start-left-open',
    breaks: 'AUDIT-NODE-8: a node that did not start goes on writing its audit beside the next one',
    file: 'packages/server/src/node.ts',
    find: `      { what: 'audit', end: () => audit?.close(), keptMs: auditStopMs }, // AUDIT-NODE-8\n`,
    put: ``,
    test: 'packages/server/test/unit/failed-start.test.ts',
  },
  {
    name: 'audit-ends-where-its-failure-cannot-be-told',
    breaks:
      'AUDIT-FILE-8: a full disk under the log ends the audit for good, also where it is to go on',
    file: 'packages/server/src/audit/chain-writer.ts',
    find: `        this.#tellFailure(error);
        this.#onRoom();`,
    put: `        this.#options.onFailure(error);
        this.#onRoom();`,
    test: 'packages/server/test/unit/audit/chain-files.test.ts',
  },
  {
    name: 'audit-files-deleted-after-a-clock-step',
    breaks: 'AUDIT-FILE-9: a wall clock that jumps forward deletes the audit',
    file: 'packages/server/src/audit/clock-steps.ts',
    find: `    if (isStep) this.#untrustedUntilMs = nowMs + untrustedMs;`,
    put: `    if (isStep) this.#untrustedUntilMs = nowMs;`,
    test: 'packages/server/test/unit/audit/stepped-clock.test.ts',
  },
  {
    name: 'audit-files-deleted-all-at-once',
    breaks: 'AUDIT-FILE-9: a wall clock that is wrong deletes all of the audit in one look',
    file: 'packages/server/src/audit/chain-folder.ts',
    find: `    if (!isTooMuch) mayGoByAge = false; // AUDIT-FILE-9`,
    put: ``,
    test: 'packages/server/test/unit/audit/stepped-clock.test.ts',
  },
  {
    name: 'audit-without-a-part-of-the-stop',
    breaks: 'STOP-2: a stop in which something hangs ends before the audit has said what it lost',
    file: 'packages/server/src/stopping.ts',
    find: `Math.max(0, endMs - keptMs - performance.now())`,
    put: `Math.max(0, endMs - performance.now())`,
    test: 'packages/server/test/unit/stopping.test.ts',
  },
];

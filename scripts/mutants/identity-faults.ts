/** Faults of keys, identities and rules: who may do what. */
import type { Fault } from './fault.ts';

export const identityFaults: readonly Fault[] = [
  {
    name: 'leader-answers-by-rules-of-before',
    breaks: 'a leader tells what it knows by a right that was taken',
    file: 'packages/engine/src/leadership.ts',
    find: `    if (stale !== undefined) throw new HoldfastError(stale.code, stale.message, stale.details);`,
    put: ``,
  },
  {
    name: 'planted-keys-kept',
    breaks: 'a key that was planted before authentication was turned on is one of an administrator',
    file: 'packages/state/src/primitives/access/changes.ts',
    find: `    return othersHaveAccess(others); // AUTH-5`,
    put: `    access.isEnabled = false; // AUTH-5`,
  },
  {
    name: 'recovery-identity-for-all',
    breaks: 'whoever has a key of the identity of a recovery key administers the cluster for good',
    file: 'packages/api/src/operations/auth.ts',
    find: `  isOfRecovery(identity) ||`,
    put: `  (isOfRecovery(identity) && alsoAnonymous && identity === '') ||`,
  },
  {
    name: 'session-of-anybody',
    breaks: 'whoever knows the id of a session uses and ends it',
    file: 'packages/state/src/kernel/admission.ts',
    find: '  if (isForeign(tables, identity, sessionId)) return sessionNotFound(sessionId); // OWNER-1\n',
    put: '',
  },
  {
    name: 'rules-of-before',
    breaks: 'a command is executed by a right that was taken before it',
    file: 'packages/state/src/kernel/admission.ts',
    find: 'access.changedAt(identity) > authorizedAt ?',
    put: 'access.changedAt(identity) > authorizedAt + 1_000_000 ?',
  },
  {
    name: 'prefix-covers-what-follows',
    breaks: 'a rule of a prefix permits names that follow it in order and have it not',
    file: 'packages/state/src/primitives/access/rights.ts',
    find: 'return last !== undefined && name.startsWith(last) ? low - 1 : undefined;',
    put: 'return last !== undefined ? low - 1 : undefined;',
  },
  {
    name: 'secret-not-compared',
    breaks: 'whoever knows the id of a key has the key',
    file: 'packages/api/src/pipeline/api-keys.ts',
    find: '  return isEqual && kept !== undefined;',
    put: '  return kept !== undefined || isEqual;',
  },
  {
    name: 'wrong-key-is-anonymous',
    breaks: 'who shows a wrong key goes on as one who shows none',
    file: 'packages/api/src/pipeline/access-control.ts',
    find: `      wrongKeys?.wrong(id, address);
      return wrongKey();`,
    put: `      wrongKeys?.wrong(id, address);
      return callerFrom(address);`,
  },
  {
    name: 'watch-not-filtered',
    breaks: 'a watch tells of names that its caller may not read',
    file: 'packages/api/src/operations/events.ts',
    find: '(control?.mayRead(caller, event.kind, event.resource) ?? true) &&',
    put: '(control === undefined || caller.identity !== event.type) &&',
  },
  {
    name: 'list-not-filtered',
    breaks: 'a list tells of names that its caller may not read',
    file: 'packages/api/src/operations/readable-pages.ts',
    find: 'if (ranges === undefined) return read(asked, undefined);',
    put: 'if (ranges === undefined || ranges.length > 0) return read(asked, undefined);',
    test: 'packages/api/test/unit/queue-pages.test.ts',
  },
  {
    name: 'open-after-revocation',
    breaks: 'streams and waits go on when the key that began them is revoked',
    file: 'packages/api/src/pipeline/open-calls.ts',
    find: "if (events.some(({ type }) => type === 'access_changed')) this.look();",
    put: "if (events.some(({ type }) => type === 'session_ended')) this.look();",
  },
  {
    name: 'open-after-expiry',
    breaks: 'streams, watches and waits go on when the key that began them has expired',
    file: 'packages/api/src/pipeline/open-calls.ts',
    find: '        : this.#clock.after(lookEveryMs, () => this.#lookAtExpiries());\n    this.look();',
    put: '        : this.#clock.after(lookEveryMs, () => this.#lookAtExpiries());',
  },
  {
    name: 'reserved-lock-taken',
    breaks: 'a client takes a lock by which a node owns a partition of queues',
    file: 'packages/api/src/pipeline/access.ts',
    find: '    if (reserved !== undefined) return reserved;\n',
    put: '',
  },
  {
    name: 'id-without-identity',
    breaks: 'a request names the session of another identity by what that told',
    file: 'packages/api/src/operations/identities.ts',
    find: "derivedUuid(['session', identity,",
    put: "derivedUuid(['session', identity.slice(0, 0),",
  },
  {
    name: 'ends-told-to-anybody',
    breaks: 'a stream that names the session of another identity is told what becomes of it',
    file: 'packages/api/src/stream/connection.ts',
    find: '    if (!this.#mayFollow(sessionId)) return;\n',
    put: '',
  },
];

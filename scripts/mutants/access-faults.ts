/** Faults in the one way of a request, and in what is derived from its declaration. */
import type { Fault } from './fault.ts';

export const accessFaults: readonly Fault[] = [
  {
    name: 'rule-not-asked',
    breaks: 'who may not do it does it: the rule is never asked about an operation with one answer',
    file: 'packages/api/src/pipeline/perform.ts',
    find: `? admitted(declared, body, context, (own) => run(body, own))`,
    put: `? run(body, context)`,
    test: 'packages/api/test/unit/access.test.ts',
  },
  {
    name: 'rule-not-asked-about-streams',
    breaks: 'who may not look watches all the same, and reads metrics and backups',
    file: 'packages/api/src/pipeline/perform.ts',
    find: `    begin(body, context, run) {
      if (!check.passes(body)) return invalid(declared, check.requestError(), context);
      return admitted(declared, body, context, (own) => run(body, own));`,
    put: `    begin(body, context, run) {
      if (!check.passes(body)) return invalid(declared, check.requestError(), context);
      return run(body, context);`,
    test: 'packages/api/test/unit/auth-interfaces.test.ts',
  },
  {
    name: 'campaign-by-call-not-admitted',
    breaks: 'who may not campaign leads by a call that stands',
    file: 'packages/api/src/grpc/candidacy.ts',
    find: `const campaign = operationOf('campaign');`,
    put: `const campaign = {
  ...operationOf('campaign'),
  perform: (body: unknown, own: OperationContext) =>
    operationOf('campaign').perform(body, { ...own, service: { ...own.service, authorize: undefined } }),
};`,
  },
  {
    name: 'refusal-not-audited',
    breaks: 'who was refused leaves no trace',
    file: 'packages/api/src/pipeline/access.ts',
    find: `    return tellAndFail(tell)(error);`,
    put: `    throw error;`,
  },
  {
    name: 'wait-not-authorized-by-own-rule',
    breaks:
      'who waits goes on waiting, and is granted, after the rule of whoever embeds the api refuses it',
    file: 'packages/api/src/pipeline/access.ts',
    find: `    check: () => refusalNow(request, context),`,
    put: `    check: () => {
      const admission = control.authorize(context.caller, request);
      return admission instanceof RequestError ? admission : undefined;
    },`,
    test: 'packages/api/test/unit/wait-authorized.test.ts',
  },
  {
    name: 'one-of-several-not-told-to-the-rule',
    breaks: 'a rule for semaphores is not asked where several are acquired at once',
    file: 'packages/api/src/pipeline/access.ts',
    find: `(body.resources as readonly object[]).flatMap(`,
    put: `(body.resources as readonly object[]).slice(0, 1).flatMap(`,
  },
  {
    name: 'field-number-moved',
    breaks: 'clients of gRPC that were built before read one field for another',
    file: 'packages/contract/src/operations/latch.ts',
    find: `    open: [3, boolean('The count is 0.')],`,
    put: `    open: [4, boolean('The count is 0.')],`,
  },
  {
    name: 'keepalive-logged-as-of-nobody',
    breaks: 'the log does not say whose sign of life kept a session',
    file: 'packages/engine/src/leadership.ts',
    find: `        { ...callerIn(caller), command },`,
    put: `        { ...callerIn(caller), identity: nodeIdentity, command },`,
    test: 'packages/engine/test/unit/leadership.test.ts',
  },
  {
    name: 'event-names-another-caller',
    breaks: 'who watches is told that somebody did what another one did in the same entry',
    file: 'packages/state/src/kernel/machine.ts',
    find: `nameCaller(tables.events, before, envelope.identity); // CAUSE-1`,
    put: `nameCaller(tables.events, 0, envelope.identity); // CAUSE-1`,
    test: 'packages/state/test/unit/causes.test.ts',
  },
  {
    name: 'forwarded-call-of-nobody',
    breaks: 'a leader works for a call that does not say who asked for it',
    file: 'packages/engine/src/calls.ts',
    find: `  if (call.type !== 'state_digest' && !hasCaller(value)) return false;
`,
    put: ``,
    test: 'packages/engine/test/unit/calls.test.ts',
  },
  {
    name: 'events-of-a-name-told-to-anybody',
    breaks: 'DENY-1',
    file: 'packages/api/src/operations/events.ts',
    find: `    (control?.mayRead(caller, event.kind, event.resource) ?? true) &&`,
    put: `    (name !== undefined || kind === undefined || (control?.mayRead(caller, event.kind, event.resource) ?? true)) &&`,
    test: 'packages/api/test/unit/auth-random-rules.test.ts',
  },
  {
    name: 'watch-keeps-the-rules-of-its-beginning',
    breaks: 'DENY-1: an open watch goes on telling what its caller may read no more',
    file: 'packages/api/src/operations/events.ts',
    find: `  return (event: WatchEvent) =>
    (control?.mayRead(caller, event.kind, event.resource) ?? true) &&`,
    put: `  const known = new Map<string, boolean>();
  const mayRead = (asked: string, resource: string): boolean => {
    const one = asked + resource.slice(0, 1);
    const may = known.get(one) ?? control?.mayRead(caller, asked, resource) ?? true;
    known.set(one, may);
    return may;
  };
  return (event: WatchEvent) =>
    mayRead(event.kind, event.resource) &&`,
    test: 'packages/api/test/unit/watched-rules.test.ts',
  },
  {
    name: 'rule-of-one-name-permits-all',
    breaks: 'RIGHTS-2: a rule of a name permits what asks for no name',
    file: 'packages/state/src/primitives/access/rights.ts',
    find: `    if (permitted.all !== undefined || name === undefined) return permitted.all;`,
    put: `    if (permitted.all !== undefined) return permitted.all;
    if (name === undefined) return [...permitted.names.values()][0];`,
    test: 'packages/api/test/unit/auth-random-rules.test.ts',
  },
  {
    name: 'hold-of-a-condition-not-asked-about',
    breaks: 'ACCESS-4',
    file: 'packages/api/src/pipeline/access.ts',
    find: `'if_held' in body ? withCondition(access, body) : resourcesOf(access, body)`,
    put: `resourcesOf(access, body)`,
    test: 'packages/api/test/unit/advisories.test.ts',
  },
  {
    name: 'receipts-of-anybody',
    breaks: 'OWNER-1: a message is acknowledged by another identity than the one that took it',
    file: 'packages/state/src/primitives/queue/deliveries.ts',
    find: `  !access.isEnabled || takenBy === identity;`,
    put: `  !access.isEnabled || takenBy === identity || takenBy !== anonymousIdentity;`,
    test: 'packages/api/test/unit/auth-foreign.test.ts',
  },
  {
    name: 'recovery-key-kept-by-its-name',
    breaks: 'RECOVER-4: a recovery key that was revoked comes back when the node is started again',
    file: 'packages/server/src/recovery-key.ts',
    find: `    await renameDurably(fileDisk, this.#path, this.#taken); // RECOVER-4`,
    put: ``,
    test: 'packages/server/test/unit/recovery-key.test.ts',
  },
  {
    name: 'recovery-key-asked-for-again',
    breaks: 'RECOVER-4: a recovery key that was revoked comes back by a second attempt',
    file: 'packages/server/src/recovery-key.ts',
    find: `        if (!(error instanceof HoldfastError) || error.effect !== 'none') {`,
    put: `        if (!(error instanceof HoldfastError)) {`,
    test: 'packages/server/test/unit/recovery-key.test.ts',
  },
  {
    name: 'recovery-key-through-a-link',
    breaks: 'RECOVER-6: a user of a node has root write through a symbolic link in its folder',
    file: 'packages/server/src/recovery.ts',
    find: `  const unfinished = \`\${path}.\${randomBytes(8).toString('hex')}.partial\`;
  const descriptor = openPrivateFile(unfinished, 'wx');`,
    put: `  const unfinished = path;
  const descriptor = openPrivateFile(unfinished, 'w');`,
    test: 'packages/server/test/unit/recovery-key.test.ts',
  },
  {
    name: 'private-file-through-a-link',
    breaks: 'PRIV-4: a key is written through a symbolic link, over any file of who writes it',
    file: 'packages/storage/src/private-files.ts',
    find: ` | constants.O_TRUNC | constants.O_NOFOLLOW`,
    put: ` | constants.O_TRUNC`,
    test: 'packages/storage/test/unit/private-files.test.ts',
  },
  {
    name: 'segment-through-a-link',
    breaks:
      'PRIV-4: a file of the log is made through a symbolic link, over any file of who restores',
    file: 'packages/storage/src/file-disk.ts',
    find: ` | constants.O_NOFOLLOW, // PRIV-4`,
    put: `,`,
    test: 'packages/storage/test/unit/private-files.test.ts',
  },
];

/** Faults of commands that run under a lock. */
import type { Fault } from './fault.ts';

export const commandFaults: readonly Fault[] = [
  {
    name: 'command-that-asks-twice',
    breaks:
      'each command makes a round trip more, and asks something that its caller may be refused',
    file: 'packages/cli/src/with-client.ts',
    find: `{ probe = false }`,
    put: `{ probe = true }`,
    test: 'packages/cli/test/unit/one-request.test.ts',
  },
  {
    name: 'fetch-loaded-for-a-question',
    breaks: 'PLAIN-1: a question of an operator takes twice as long, to load what it does not need',
    file: 'packages/cli/src/plain-question.ts',
    find: `if (!url.startsWith('http:')) return`,
    put: `if (url !== '') return`,
    test: 'packages/cli/test/unit/ask-node.test.ts',
  },
  {
    name: 'no-node-told-after-the-wait',
    breaks: 'a command that waits for an hour tells only then that there is no node',
    file: 'packages/cli/src/with-client.ts',
    find: `{ probe: true, timeoutMs: waitSeconds * 1000 + afterWaitMs }`,
    put: `{ probe: false, timeoutMs: waitSeconds * 1000 + afterWaitMs }`,
    test: 'packages/cli/test/unit/one-request.test.ts',
  },
  {
    name: 'silent-node-not-told',
    breaks: 'a call that ends while its node is still tried does not tell which node that is',
    file: 'packages/client/src/reach.ts',
    find: `this.#unreached.allAnd(tried)`,
    put: `this.#unreached.allAnd([])`,
    test: 'packages/client/test/unit/unreached.test.ts',
  },
  {
    name: 'acquire-of-a-command-not-cancelled',
    breaks: 'a command that failed leaves a lock held that nobody knows of',
    file: 'packages/cli/src/acquire-once.ts',
    find: `await cancel(client, acquired, request, error);`,
    put: `throw error;`,
    test: 'packages/cli/test/unit/acquire-once.test.ts',
  },
  {
    name: 'acquire-in-a-session-not-cancelled',
    breaks:
      'a command whose node was killed leaves a hold in the session of a program that knows nothing of it',
    file: 'packages/api/src/operations/identities.ts',
    find: `  requestId: request_id ?? cancel_id ?? newRequestId(),`,
    put: `  requestId: request_id ?? (cancel_id === '' ? cancel_id : newRequestId()),`,
    test: 'packages/api/test/unit/cancel-request.test.ts',
  },
  {
    name: 'keepalives-without-room-at-the-node',
    breaks: 'a stream that is full of waits refuses keepalives and releases',
    file: 'packages/api/src/stream/connection.ts',
    find: `this.#unanswered <= 2 * most && ofHolders`,
    put: `this.#unanswered <= most && ofHolders`,
    test: 'packages/api/test/unit/stream.test.ts',
  },
  {
    name: 'nobody-listens-to-stderr',
    breaks: 'a command whose stderr has no reader ends with another status, and a node with it',
    file: 'packages/cli/src/deaf-stderr.ts',
    find: `process.stderr.on('error', () => undefined);`,
    put: `process.stderr.once('close', () => undefined);`,
    test: 'packages/cli/test/integration/deaf-stderr.test.ts',
  },
  {
    name: 'no-channel-where-too-many-files-are-open',
    breaks: 'too many open files are told as a defect of this program',
    file: 'packages/cli/src/run/launcher.ts',
    find: `  return channel ?? new PassThrough();`,
    put: `  return channel as Duplex;`,
    test: 'packages/cli/test/unit/run/launcher.test.ts',
  },
  {
    name: 'signal-ends-the-wrapper',
    breaks: 'SIGQUIT and SIGUSR1 end whoever runs a command, not the command',
    file: 'packages/cli/src/run/signals.ts',
    find: `  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',`,
    put: `  'SIGUSR2',`,
    test: 'packages/cli/test/unit/run/signals.test.ts',
  },
  {
    name: 'real-time-signal-is-a-success',
    breaks: 'a command that a real-time signal ended is told as one that went well',
    file: 'packages/cli/src/run/launcher.ts',
    find: `(\${becomeCommand(restore)})
echo "status $?" >&3`,
    put: `(\${becomeCommand(restore)})
status=$?
[ $status -lt 160 ] || status=0
echo "status $status" >&3`,
    test: 'packages/cli/test/unit/run/signals.test.ts',
  },
  {
    name: 'command-without-its-terminal',
    breaks: 'a command in the foreground of a terminal cannot ask there',
    file: 'packages/cli/src/run/launcher.ts',
    find: `isInForeground() ? openTerminal() : undefined`,
    put: `isInForeground() ? undefined : openTerminal()`,
    test: 'packages/cli/test/unit/run/terminal.test.ts',
  },
  {
    name: 'stopped-command-renewed',
    breaks: 'Ctrl-Z stops a command, and its lock is held for as long as nobody continues it',
    file: 'packages/cli/src/run/guarded-command.ts',
    find: `    process.kill(0, 'SIGTSTP');
    process.kill(process.pid, 'SIGSTOP');`,
    put: `    this.#isStopping = process.pid > 0;`,
    test: 'packages/cli/test/unit/run/terminal.test.ts',
  },
  {
    name: 'debugger-of-a-start-stays-open',
    breaks:
      'a signal while a node starts lets every user of the machine execute what it likes in it',
    file: 'packages/cli/src/no-debugger.ts',
    find: `  inspector.close(); // NODEBUG-1`,
    put: ``,
    test: 'packages/cli/test/integration/signals.test.ts',
  },
  {
    name: 'abort-ends-who-holds',
    breaks:
      'a signal ends who holds a lock before the command under it, and the lock waits for its lease',
    file: 'packages/cli/src/run/signals.ts',
    find: `  'SIGABRT',
  'SIGSYS',
`,
    put: ``,
    test: 'packages/cli/test/unit/run/signals.test.ts',
  },
  {
    name: 'breakpoint-ends-who-holds',
    breaks:
      'SIGTRAP ends who holds a lock before the command under it, and the lock waits for its lease',
    file: 'packages/cli/src/run/signals.ts',
    find: `(['SIGTRAP'] as const) : [];`,
    put: `[] : [];`,
    test: 'packages/cli/test/unit/run/signals.test.ts',
  },
  {
    name: 'commands-share-their-number',
    breaks: 'two commands on two machines hold one lock at once: each has the number of the ms',
    file: 'packages/cli/src/acquire-once.ts',
    find: `{ request_id: randomInt(1, requestIds) }`,
    put: `{ request_id: Date.now() + randomInt(0, 2) }`,
    test: 'packages/cli/test/unit/acquire-once.test.ts',
  },
  {
    name: 'command-numbers-in-a-session-of-others',
    breaks:
      'a command in the session of a program makes the cluster take all that this program asks for old',
    file: 'packages/cli/src/acquire-once.ts',
    find: `    acquired.session_id === undefined
      ? {`,
    put: `    acquired.name !== ''
      ? {`,
    test: 'packages/cli/test/unit/acquire-once.test.ts',
  },
  {
    name: 'queue-work-without-visibility',
    breaks: 'a command works on a message that others have been delivered meanwhile',
    file: 'packages/cli/src/commands/queue-work.ts',
    find: `        validForMs: () => message.validForMs,`,
    put: `        validForMs: () => 600_000,`,
    test: 'packages/cli/test/slow/queue-work.test.ts',
  },
  {
    name: 'signal-before-the-command-lost',
    breaks: 'a command that was ended before it began is told as killed',
    file: 'packages/cli/src/run/guarded-command.ts',
    find: `        this.#status ??= status;`,
    put: `        this.#status = status;`,
    test: 'packages/cli/test/unit/run/signals.test.ts',
  },
  {
    name: 'unacknowledged-message-is-success',
    breaks: 'who runs one message takes for done what comes again',
    file: 'packages/cli/src/settle-message.ts',
    find: `    if (status !== 0) return status;`,
    put: `    if (status >= 0) return status;`,
    test: 'packages/cli/test/unit/settle-message.test.ts',
  },
  {
    name: 'object-keys-leave-the-bucket',
    breaks: 'a key with ".." writes to another bucket',
    file: 'packages/guards/src/fetch-object-store.ts',
    find: `    assertKey(key);`,
    put: ``,
    test: 'packages/guards/test/unit/object-storage.test.ts',
  },
];

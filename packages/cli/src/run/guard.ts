/**
 * The guard: a process beside `holdfast lock run` and its command (invariants GUARDED-1 to GUARDED-5 in
 * guarded-command.ts). It knows nothing of the cluster, only until when the command's process group may
 * run, so that nothing can hold it up. It ends when nothing of the group runs any more.
 */
import { msLeft } from './certain-time.ts';
import type { CertainUntil } from './certain-time.ts';
import { killMarginMs } from './guard-messages.ts';
import type { FromGuard, GuardedGroup, ToGuard } from './guard-messages.ts';
import { groupIsGone, signalGroup, untilGroupIsGone } from './process-group.ts';
import { passedOnSignals } from './signals.ts';

const lookEveryMs = 20;
/** What is left in the group when the command has ended has so long between SIGTERM and SIGKILL. */
const leftoverGraceMs = 2000;

let group: GuardedGroup | undefined;
let until: CertainUntil | undefined;
let graceMs = 0;
let isEnding = false;
let over = false;

function tell(message: FromGuard): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected)
      process.send?.(message, undefined, undefined, () => resolve()); // Sent or not: it goes on.
    else resolve();
  });
}

/** A guard that was woken late does not let begin what it would have to kill at once. */
function watch(offered: GuardedGroup): void {
  if (isEnding || until === undefined || msLeft(until) <= graceMs + killMarginMs) {
    void tell({ type: 'ending_command' }).then(() => process.exit(1));
    return;
  }
  group = offered;
  void tell({ type: 'guarding' });
}

/** GUARDED-3: from here on the lease is not extended any more, whatever comes. */
function endCommand(): void {
  if (isEnding) return;
  isEnding = true;
  const told = tell({ type: 'ending_command' });
  if (group === undefined) return;
  signalGroup(group.groupId, 'SIGTERM');
  void Promise.all([told, untilGone(group)]).then(() => process.exit(0));
}

function kill(): void {
  over = true;
  if (group !== undefined) signalGroup(group.groupId, 'SIGKILL');
}

const untilGone = ({ groupId }: GuardedGroup): Promise<boolean> =>
  untilGroupIsGone(groupId, new AbortController().signal);

/** GUARDED-4: the end of this process tells that nothing of the group runs any more. */
async function finish(): Promise<void> {
  if (group !== undefined && !groupIsGone(group.groupId)) {
    signalGroup(group.groupId, over ? 'SIGKILL' : 'SIGTERM');
    if (!(await untilGroupIsGone(group.groupId, AbortSignal.timeout(leftoverGraceMs)))) kill();
    await untilGone(group);
  }
  process.exit(0);
}

process.on('message', (message: ToGuard) => {
  if (message.type === 'group') {
    watch(message.group);
  } else if (message.type === 'command_ended') {
    void finish();
  } else if (message.type === 'lost') {
    endCommand();
    kill();
  } else if (!isEnding) {
    ({ until, graceMs } = message);
  }
});
// GUARDED-2: nobody renews the lease any more.
process.on('disconnect', () => {
  if (group === undefined) process.exit(1);
  // Whoever has the terminal now would lose it to that shell.
  if (group.shellId !== undefined) signalProcess(group.shellId);
  endCommand();
});
for (const signal of passedOnSignals)
  process.on(signal, () => {
    if (group !== undefined) signalGroup(group.groupId, signal);
  });

function signalProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

// GUARDED-1. Clocks are compared again and again: one long timer would be late after a stop of this process.
setInterval(() => {
  if (until === undefined) return;
  const leftMs = msLeft(until) - killMarginMs;
  if (leftMs <= graceMs) endCommand();
  if (leftMs <= 0) kill();
}, lookEveryMs);

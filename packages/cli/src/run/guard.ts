/**
 * The guard: a process between `holdfast lock run` and its command (invariants G1 to G5 in
 * guarded-command.ts). It knows nothing of the cluster, only until when the command may run, so that
 * nothing can hold it up.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { msLeft } from './certain-time.ts';
import type { CertainUntil } from './certain-time.ts';
import { killMarginMs } from './guard-messages.ts';
import type { FromGuard, ToGuard } from './guard-messages.ts';
import { groupIsGone, signalGroup, untilGroupIsGone } from './process-group.ts';

const lookEveryMs = 20;
/** What is left in the group when the command has ended has so long between SIGTERM and SIGKILL. */
const leftoverGraceMs = 2000;

const [program = '', ...parameters] = process.argv.slice(2);
let command: ChildProcess | undefined;
let groupId: number | undefined;
let until: CertainUntil | undefined;
let graceMs = 0;
let givingUp = false;
let over = false;

function tell(message: FromGuard): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected)
      process.send?.(message, undefined, undefined, () => resolve()); // Sent or not: it goes on.
    else resolve();
  });
}

/** G3: from here on the lease is not extended any more, whatever comes. */
function giveUp(): void {
  if (givingUp) return;
  givingUp = true;
  void tell({ type: 'giving_up' });
  if (groupId !== undefined) signalGroup(groupId, 'SIGTERM');
}

function kill(): void {
  over = true;
  if (groupId !== undefined) signalGroup(groupId, 'SIGKILL');
}

/** Before the command has begun a signal is for whoever would begin it. */
function forward(signal: NodeJS.Signals): void {
  if (groupId !== undefined) signalGroup(groupId, signal);
  else if (command === undefined) void finish(128 + constants.signals[signal]);
}

function start(): void {
  command = spawn(program, parameters, { stdio: 'inherit', detached: true });
  groupId = command.pid;
  command.once('error', (error) => void failToStart(error));
  command.once('exit', (code, signal) => {
    void finish(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
  if (groupId !== undefined) void tell({ type: 'started', groupId });
}

async function failToStart(error: Error): Promise<void> {
  const status = 'code' in error && error.code === 'EACCES' ? 126 : 127;
  await tell({ type: 'failed', text: `"${program}" cannot be started: ${error.message}`, status });
  process.exit(status);
}

/** G4: the end of the command is told when nothing of its group runs any more. */
async function finish(status: number): Promise<void> {
  if (groupId !== undefined && !groupIsGone(groupId)) {
    signalGroup(groupId, over ? 'SIGKILL' : 'SIGTERM');
    if (!(await untilGroupIsGone(groupId, AbortSignal.timeout(leftoverGraceMs)))) kill();
    await untilGroupIsGone(groupId, new AbortController().signal);
  }
  await tell({ type: 'ended', status });
  process.exit(status);
}

process.on('message', (message: ToGuard) => {
  if (message.type === 'signal') {
    forward(message.signal);
  } else if (message.type === 'lost') {
    giveUp();
    kill();
  } else if (!givingUp) {
    ({ until, graceMs } = message);
    if (command === undefined) {
      // A guard that was woken late does not start what it would have to kill at once.
      if (msLeft(until) > graceMs + killMarginMs) start();
      else void tell({ type: 'giving_up' }).then(() => process.exit(1));
    }
  }
});
// G2: nobody renews the lease any more.
process.on('disconnect', () => {
  if (command === undefined) process.exit(1);
  giveUp();
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => forward(signal));

// G1. Clocks are compared again and again: one long timer would be late after a stop of this process.
setInterval(() => {
  if (until === undefined) return;
  const leftMs = msLeft(until) - killMarginMs;
  if (leftMs <= graceMs) giveUp();
  if (leftMs <= 0) kill();
}, lookEveryMs);

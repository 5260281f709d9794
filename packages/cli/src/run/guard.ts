/**
 * The guard between `holdfast lock run` and its command (see guarded-command.ts, G1 and G2).
 * Knows nothing of the cluster: only until when the command may run.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

type Told =
  | { readonly type: 'valid'; readonly forMs: number; readonly graceMs: number }
  | { readonly type: 'lost' }
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals };

/** Time kept back for the kill itself. */
const killMarginMs = 50;
const lookEveryMs = 20;

const [program = '', ...parameters] = process.argv.slice(2);
const child = spawn(program, parameters, { stdio: 'inherit', detached: true });
let killAtMs = performance.now() + 1000;
let graceMs = 0;
let termSent = false;

function killGroup(signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone.
  }
}

function sendTerm(): void {
  if (termSent) return;
  termSent = true;
  if (process.connected) process.send?.({ type: 'lease_over' });
  killGroup('SIGTERM');
}

process.on('message', (told: Told) => {
  if (told.type === 'signal') killGroup(told.signal);
  else if (told.type === 'lost') sendTerm();
  else {
    killAtMs = performance.now() + told.forMs - killMarginMs;
    ({ graceMs } = told);
  }
});
// Without its parent nobody renews the lease: end the command, hard when the lease's time is over.
process.on('disconnect', sendTerm);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => killGroup(signal));

// Clocks are compared, because one long timer would be late after a stop of this process.
const timer = setInterval(() => {
  const now = performance.now();
  if (now >= killAtMs) killGroup('SIGKILL');
  else if (now >= killAtMs - graceMs) sendTerm();
}, lookEveryMs);

child.once('error', (error) => {
  process.send?.({ type: 'failed', text: `"${program}" could not be started: ${error.message}` });
  process.exitCode = 127;
  clearInterval(timer);
  if (process.connected) process.disconnect();
});
child.once('exit', (code, signal) => {
  clearInterval(timer);
  // Whatever the command left running in its group must not outlive the lock.
  killGroup('SIGKILL');
  const status = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  process.exitCode = status;
  if (!process.connected) return;
  process.send?.({ type: 'ended', status }, undefined, undefined, () => {
    if (process.connected) process.disconnect();
  });
});

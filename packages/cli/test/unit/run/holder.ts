/**
 * A process that runs a command under a lease that nobody renews once a line has come on stdin, so that a test can kill or stop it.
 *
 * Parameters: ms for which the lease is certain from then, grace in ms, then the command. Writes until when
 * that is, as soon as the guard knows, and its end, as JSON.
 */
import { machineClocks } from '../../../src/run/certain-time.ts';
import { runGuarded } from '../../../src/run/guarded-command.ts';

const [certainMs = '', graceMs = '', ...command] = process.argv.slice(2);
let untilMs = Number.POSITIVE_INFINITY;
/** It has been asked for, so it was sent. */
let isAsked = false;
process.stdin.once('data', () => {
  process.stdin.pause();
  untilMs = machineClocks.monotonicMs() + Number(certainMs);
  isAsked = false;
  const told = setInterval(() => {
    if (!isAsked) return;
    clearInterval(told);
    process.stdout.write(`${JSON.stringify({ untilMs })}\n`);
  }, 5);
});
const end = await runGuarded(
  command,
  {},
  {
    signal: new AbortController().signal,
    validForMs: () => {
      isAsked = true;
      return Math.min(60_000, Math.max(0, untilMs - machineClocks.monotonicMs()));
    },
    graceMs: Number(graceMs),
  },
);
process.stdout.write(`${JSON.stringify(end)}\n`);

/**
 * A process that runs a command under a lease that nobody renews, so that a test can kill or stop it.
 *
 * Parameters: ms for which the lease is certain, grace in ms, then the command. Writes its end as JSON.
 */
import { machineClocks } from '../../../src/run/certain-time.ts';
import { runGuarded } from '../../../src/run/guarded-command.ts';

const [certainMs = '', graceMs = '', ...command] = process.argv.slice(2);
const untilMs = machineClocks.monotonicMs() + Number(certainMs);
process.stdout.write(`${JSON.stringify({ untilMs })}\n`);
const end = await runGuarded(
  command,
  {},
  {
    signal: new AbortController().signal,
    validForMs: () => Math.max(0, untilMs - machineClocks.monotonicMs()),
    graceMs: Number(graceMs),
  },
);
process.stdout.write(`${JSON.stringify(end)}\n`);

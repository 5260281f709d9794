/**
 * A process that runs a command under a lease that it renews for as long as it runs itself: stopped, it does not.
 *
 * Parameters: the length of the lease in ms, then the command. Writes its end as JSON, and passes it on.
 */
import { machineClocks } from '../../../src/run/certain-time.ts';
import { runGuarded } from '../../../src/run/guarded-command.ts';
import { KeptSignals } from '../../../src/run/signals.ts';

const [lengthMs = '', ...command] = process.argv.slice(2);
const now = (): number => machineClocks.monotonicMs();
let provenAtMs = now();
const isOver = (): boolean => now() - provenAtMs >= Number(lengthMs);
setInterval(() => {
  if (!isOver()) provenAtMs = now();
}, 50).unref();
using kept = new KeptSignals();
const end = await runGuarded(
  command,
  {},
  {
    signal: new AbortController().signal,
    validForMs: () => (isOver() ? 0 : Number(lengthMs) - (now() - provenAtMs)),
    graceMs: Number(lengthMs) / 4,
  },
);
process.stdout.write(`${JSON.stringify(end)}\n`);
kept.passToOwnGroup(end);
process.exitCode = end.status;

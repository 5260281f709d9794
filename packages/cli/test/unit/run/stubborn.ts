/**
 * A command that does not go by itself: it and its child ignore SIGTERM and note the time all along, by
 * the clock that all processes of the machine share.
 *
 * Parameters: the file of the command's own notes, the file of its child's.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [own = '', childs] = process.argv.slice(2);
const note = (what: string): void =>
  appendFileSync(own, `${what} ${String(Number(process.hrtime.bigint()) / 1e6)}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => note(signal));
if (childs !== undefined)
  spawn(process.execPath, [fileURLToPath(import.meta.url), childs], { stdio: 'ignore' });
setInterval(() => note('alive'), 5);

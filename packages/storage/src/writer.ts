/** The writer's thread: the only one that touches the file. What it does there: `log-file.ts`. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { openLogFile } from './log-file.ts';
import type { LogFile } from './log-file.ts';
import type { FromWriter, ToWriter, WriterData } from './messages.ts';
import { inspectWal } from './wal.ts';

const data = workerData as WriterData;
if (parentPort === null) throw new Error('writer.ts runs in a worker thread only');
const port = parentPort;
const say = (message: FromWriter): void => port.postMessage(message);
const delay = new Int32Array(new SharedArrayBuffer(4));

function open(): LogFile | undefined {
  try {
    const repairs = inspectWal(data.file);
    const database = new DatabaseSync(data.file, { timeout: 0 });
    const options = {
      data,
      say,
      now: () => performance.now(),
      beforeCommit: () => {
        if (data.writeDelayMs > 0) Atomics.wait(delay, 0, 0, data.writeDelayMs);
      },
    };
    return openLogFile(database, options, repairs);
  } catch (error) {
    const locked = error instanceof Error && /locked/.test(error.message);
    say({
      type: 'refused',
      name: error instanceof Error ? error.name : 'Error',
      message: locked
        ? `${data.file} is in use by another process. Stop it first, or use another folder.`
        : String(error instanceof Error ? error.message : error),
    });
    return undefined;
  }
}

function run(file: LogFile): void {
  let clearingUp = false;
  const clearUp = (): void => {
    clearingUp = file.untidy;
    if (!clearingUp) return;
    file.clearUp();
    setImmediate(clearUp);
  };
  port.on('message', (first: ToWriter) => {
    // Everything that has arrived meanwhile goes into this commit (W1).
    const messages = [first];
    for (;;) {
      const next: { readonly message: ToWriter } | undefined = receiveMessageOnPort(port);
      if (next === undefined) break;
      messages.push(next.message);
    }
    file.handle(messages);
    if (file.closed) port.close();
    else if (!clearingUp && file.untidy) {
      clearingUp = true;
      setImmediate(clearUp);
    }
  });
}

const file = open();
if (file !== undefined) run(file);

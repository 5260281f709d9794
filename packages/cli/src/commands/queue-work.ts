/** `holdfast queue work`: a command for each message, which it reads from stdin. */
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Client, QueueDelivery } from '@holdfast/client';
import { exitStatus } from '../exit-status.ts';
import { UsageError } from '../failure.ts';
import type { Environment } from '../environment.ts';
import type { RunEnd } from '../run/under-lease.ts';
import { settle } from '../settle-message.ts';
import { StopSignal } from '../until-signal.ts';
import { secondsOf, withClient } from '../with-client.ts';

const defaultVisibilitySeconds = 30;
/** Of the visibility: what the command has between SIGTERM and SIGKILL. */
const graceShare = 0.25;

interface WorkOptions {
  readonly queue: string;
  readonly visibility?: string;
  readonly once?: boolean;
}

export function addQueueWork(queue: Command, at: () => Environment): void {
  queue
    .command('work <command...>')
    .description('Runs a command for each message: payload on stdin; exit status 0 acknowledges.')
    .option('--queue <name>', 'the queue', 'default')
    .option(
      '--visibility <seconds>',
      'how long after a loss of contact others may take it over',
      String(defaultVisibilitySeconds),
    )
    .option('--once', 'ends after one message, with the exit status of its command')
    .addHelpText(
      'after',
      `
A payload that is text is given as it is, any other as JSON. The command finds HOLDFAST_FENCE_TOKEN,
HOLDFAST_QUEUE, HOLDFAST_MESSAGE_ID, HOLDFAST_MESSAGE_KEY and HOLDFAST_DELIVERY in its environment. While it
runs the message is kept. With another exit status than 0 the message is given back and comes again
later. When it cannot be kept the command gets SIGTERM, and SIGKILL before the message can be delivered
to anybody else, as with "holdfast lock run"; also when "holdfast queue work" itself is killed.

Exit status: with --once that of the command; 4 when the message was lost, or others had it before it was
acknowledged; 5 when no node answered, also to the acknowledgement; 128 + n after signal n.

Examples:
  holdfast queue work -- ./send-mail.sh
  holdfast queue work --queue reports --once -- cat`,
    )
    .action(async (command: readonly string[], options: WorkOptions) => {
      const environment = at();
      environment.finish(await work(environment, command, options));
    });
}

async function work(
  environment: Environment,
  command: readonly string[],
  { queue: name, visibility, once = false }: WorkOptions,
): Promise<number> {
  const seconds = secondsOf('--visibility', visibility) ?? defaultVisibilitySeconds;
  if (seconds < 1)
    throw new UsageError('--visibility takes at least 1 second: a command has to have time.');
  const visibilityMs = seconds * 1000;
  const { tellLoss } = await import('../run/under-lease.ts'); // (START-1)
  const run = async (client: Client): Promise<number> => {
    using stop = new StopSignal();
    const messages = client.queue(name).consume({ visibilityMs, signal: stop.signal });
    for await (const message of messages) {
      const { end, status } = await runFor(message, name, command, visibilityMs);
      const isLost = end?.leaseLost === true;
      if (isLost) {
        message.drop();
        tellLoss(`message ${String(message.id)}`, 'It comes again.');
      }
      const outcome = isLost ? exitStatus.leaseLost : await settle(message, status);
      // A command that cannot be started would have every message become a dead letter.
      if (once || end === undefined) return outcome;
    }
    return stop.status ?? 0;
  };
  // The loop goes on asking where no node answers.
  return withClient(environment, run, { probe: true });
}

async function runFor(
  message: QueueDelivery,
  queue: string,
  command: readonly string[],
  visibilityMs: number,
): Promise<RunEnd> {
  const { runUnderLease } = await import('../run/under-lease.ts');
  const { payload } = message;
  const stdin = fileOf(typeof payload === 'string' ? payload : JSON.stringify(payload));
  try {
    return await runUnderLease(
      command,
      {
        HOLDFAST_FENCE_TOKEN: String(message.fenceToken),
        HOLDFAST_QUEUE: queue,
        HOLDFAST_MESSAGE_ID: String(message.id),
        HOLDFAST_MESSAGE_KEY: message.key,
        HOLDFAST_DELIVERY: String(message.delivery),
      },
      {
        signal: message.signal,
        validForMs: () => message.validForMs,
        graceMs: visibilityMs * graceShare,
      },
      stdin,
    );
  } finally {
    closeSync(stdin);
  }
}

/** A file that nobody else can open, with this in it: a pipe could block the one that writes. */
function fileOf(text: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-message-'));
  try {
    const path = join(folder, 'payload');
    writeFileSync(path, text, { mode: 0o600 });
    return openSync(path, 'r');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

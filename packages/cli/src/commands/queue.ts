/** `holdfast queue ...` */
import type { Command } from 'commander';
import type { Client } from '@holdfast/client';
import { UsageError } from '../failure.ts';
import { purgeInParts, redriveInParts } from '../in-parts.ts';
import { jsonOrText, numbersHelp, shownJson } from '../json-text.ts';
import { printRecord, printTable } from '../output.ts';
import { textOfStdin } from '../stdin.ts';
import type { Environment } from '../environment.ts';
import { untilSignal } from '../until-signal.ts';
import { countOf, secondsOf, waiting, withClient } from '../with-client.ts';
import { addQueueStats } from './queue-stats.ts';
import { addQueueWork } from './queue-work.ts';

const queueOption = ['--queue <name>', 'the queue', 'default'] as const;
interface OfQueue {
  readonly queue: string;
}

export function addQueueCommands(program: Command, at: () => Environment): void {
  const queue = program
    .command('queue')
    .description('Messages with keys, delivered in order, at least once.');
  addPush(queue, at);
  addPop(queue, at);
  addQueueWork(queue, at);
  addQueueStats(queue, at);
  addConfigure(queue, at);
  addPurge(queue, at);
  addDead(queue, at);
}

async function printed(
  environment: Environment,
  work: (client: Client) => Promise<object>,
): Promise<void> {
  await withClient(environment, async (client) => {
    printRecord(environment.output, await work(client));
  });
}

interface PushOptions extends OfQueue {
  readonly delay?: string;
  readonly dedupId?: string;
  readonly maxDeliveries?: string;
  readonly withoutKey?: boolean;
}

function addPush(queue: Command, at: () => Environment): void {
  queue
    .command('push <key> [payload]')
    .description('Pushes a message: JSON, or else text. Without a payload it is read from stdin.')
    .option(...queueOption) // spread: three texts
    .option('--without-key', 'in a queue of order none: the first word is the payload')
    .option('--delay <seconds>', 'not delivered before; only in a queue of order none')
    .option('--dedup-id <id>', 'the same id again, within five minutes, is the same message')
    .option('--max-deliveries <number>', 'a dead letter after so many deliveries')
    .addHelpText(
      'after',
      `
${numbersHelp}

Example:
  holdfast queue push user:123 '{"send":"welcome"}'`,
    )
    .action(async (first: string, second: string | undefined, options: PushOptions) => {
      const isKeyless = options.withoutKey === true;
      if (isKeyless && second !== undefined)
        throw new UsageError('--without-key goes with one word, the payload.');
      const text = isKeyless ? first : (second ?? textOfStdin());
      const delay = secondsOf('--delay', options.delay);
      const most = options.maxDeliveries;
      await printed(at(), async (client) => {
        const id = await client
          .queue(options.queue)
          .push(isKeyless ? undefined : first, jsonOrText(text), {
            ...(delay === undefined ? {} : { delayMs: delay * 1000 }),
            ...(options.dedupId === undefined ? {} : { dedupId: options.dedupId }),
            ...(most === undefined ? {} : { maxDeliveries: countOf('--max-deliveries', most) }),
          });
        return { queue: options.queue, id };
      });
    });
}

interface PopOptions extends OfQueue {
  readonly count: string;
  readonly wait?: string;
  readonly visibility?: string;
}

function addPop(queue: Command, at: () => Environment): void {
  queue
    .command('pop')
    .description(
      'Receives messages; with --visibility they are delivered again unless acknowledged.',
    )
    .option(...queueOption) // spread: three texts
    .option('--count <number>', 'at most so many', '1')
    .option('--wait <seconds>', 'how long to wait where none is ready')
    .option(
      '--visibility <seconds>',
      'seconds after which it is delivered again unless acknowledged; without: acknowledged at once',
    )
    .addHelpText(
      'after',
      `
Exit status: 0 with a message; 3 without; 5 when no node answered.

Example:
  holdfast queue pop --wait 20`,
    )
    .action(async (options: PopOptions) => {
      const environment = at();
      const wait = secondsOf('--wait', options.wait);
      const visibility = secondsOf('--visibility', options.visibility);
      const body = {
        queue: options.queue,
        count: countOf('--count', options.count),
        ...(wait === undefined ? {} : { wait_seconds: wait }),
        ...(visibility === undefined ? {} : { visibility_seconds: visibility }),
      };
      const { probe, timeoutMs } = waiting(wait ?? 0);
      const pop = async (client: Client): Promise<void> => {
        const answer = await untilSignal((signal) =>
          client.call('queue_pop', body, { timeoutMs, signal }),
        );
        if (typeof answer === 'number') return environment.finish(answer);
        printTable(
          environment.output,
          answer,
          ['id', 'key', 'delivery', 'receipt', 'payload'],
          answer.messages.map(({ id, key, delivery, receipt, payload }) => [
            String(id),
            key,
            String(delivery),
            receipt ?? '-',
            shownJson(payload),
          ]),
        );
        if (answer.messages.length === 0) environment.finish(3);
      };
      await withClient(environment, pop, { probe });
    });
}

interface ConfigureOptions {
  readonly order?: string;
  readonly onDead?: string;
  readonly maxDeliveries?: string;
}

function addConfigure(queue: Command, at: () => Environment): void {
  const wordOf = <Word extends string>(
    option: string,
    text: string | undefined,
    words: readonly Word[],
  ): Word | undefined => {
    const word = words.find((one) => one === text);
    if (text !== undefined && word === undefined)
      throw new UsageError(`${option} takes ${words.join(' or ')}; given: "${text}".`);
    return word;
  };
  queue
    .command('configure <name>')
    .description('Changes the settings that are given; creates the queue where there is none.')
    .option('--order <order>', 'key or none; changes only while the queue is empty')
    .option('--on-dead <what>', 'what a dead letter does to its key: skip or block')
    .option('--max-deliveries <number>', 'a dead letter after so many deliveries')
    .addHelpText('after', '\nExample:\n  holdfast queue configure thumbnails --order none')
    .action(async (name: string, options: ConfigureOptions) => {
      const order = wordOf('--order', options.order, ['key', 'none']);
      const onDead = wordOf('--on-dead', options.onDead, ['skip', 'block']);
      const most = options.maxDeliveries;
      await printed(at(), (client) =>
        client.call('queue_configure', {
          queue: name,
          ...(order === undefined ? {} : { order }),
          ...(onDead === undefined ? {} : { on_dead: onDead }),
          ...(most === undefined ? {} : { max_deliveries: countOf('--max-deliveries', most) }),
        }),
      );
    });
}

function addPurge(queue: Command, at: () => Environment): void {
  queue
    .command('purge <name>')
    .description('Deletes all messages that are in a queue now, those in flight too.')
    .option('--dead-letters', 'its dead letters instead')
    .option('--delete', 'and deletes the queue when nothing is left')
    .addHelpText('after', '\nExample:\n  holdfast queue purge jobs')
    .action(async (name: string, options: { deadLetters?: boolean; delete?: boolean }) => {
      const { output } = at();
      const { deadLetters = false, delete: deletes = false } = options;
      await withClient(at(), (client) =>
        purgeInParts(client, name, { deadLetters, deletes }, (record) => {
          printRecord(output, record);
        }),
      );
    });
}

interface DeadListOptions extends OfQueue {
  readonly limit: string;
  readonly after?: string;
}

function addDead(queue: Command, at: () => Environment): void {
  const dead = queue
    .command('dead')
    .description('Dead letters: messages that were delivered too often.');
  dead
    .command('list')
    .description('Lists dead letters, the oldest first.')
    .option(...queueOption) // spread: three texts
    .option('--limit <number>', 'at most so many', '100')
    .option('--after <id>', '"next_after" of the page before')
    .addHelpText('after', '\nExample:\n  holdfast queue dead list --queue jobs')
    .action(async (options: DeadListOptions) => {
      const environment = at();
      const after = options.after === undefined ? undefined : countOf('--after', options.after);
      const limit = countOf('--limit', options.limit);
      await withClient(environment, async (client) => {
        const answer = await client.call('queue_dead_letters', {
          queue: options.queue,
          limit,
          ...(after === undefined ? {} : { after }),
        });
        printTable(
          environment.output,
          answer,
          ['id', 'key', 'deliveries', 'reason', 'payload'],
          answer.dead_letters.map(({ id, key, deliveries, reason, payload, payload_missing }) => [
            String(id),
            key,
            String(deliveries),
            reason,
            payload_missing ? '(missing)' : shownJson(payload),
          ]),
        );
        const { output } = environment;
        if (!output.json && answer.next_after !== null)
          output.write(`More: --after ${String(answer.next_after)}\n`);
      });
    });
  dead
    .command('redrive [id]')
    .description('Returns dead letters to their queue: one, or all.')
    .option(...queueOption) // spread: three texts
    .addHelpText('after', '\nExample:\n  holdfast queue dead redrive --queue jobs')
    .action(async (id: string | undefined, options: OfQueue) => {
      const { queue: name } = options;
      const { output } = at();
      await withClient(at(), async (client) => {
        const tell = (record: object): void => {
          printRecord(output, record);
        };
        if (id === undefined) await redriveInParts(client, name, tell);
        else tell(await client.call('queue_redrive', { queue: name, id: countOf('The id', id) }));
      });
    });
}

/** `holdfast watch`: every change, as it comes, or those that are still kept. */
import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import type { Client, WatchEvent } from '@holdfast/client';
import { watchedKindWords } from '@holdfast/protocol';
import type { EventsBody, WatchedKind } from '@holdfast/protocol';
import { eventLine } from '../event-line.ts';
import { UsageError } from '../failure.ts';
import type { Environment } from '../environment.ts';
import { StopSignal } from '../until-signal.ts';
import { countOf, withClient } from '../with-client.ts';

const usualHistory = 100;
const longestPage = 1000;

interface WatchCommandOptions {
  readonly kind?: WatchedKind;
  readonly name?: string;
  readonly after?: string;
  readonly limit?: string;
  readonly history?: boolean;
}

type Filter = Pick<EventsBody, 'prefix' | 'name' | 'kind' | 'after'>;

export function addWatchCommand(program: Command, at: () => Environment): void {
  program
    .command('watch')
    .description('Prints every change of resources, until it is stopped with Ctrl-C.')
    .addArgument(new Argument('[prefix]', 'only of resources whose names begin so'))
    .addOption(new Option('--kind <kind>', 'only of this kind').choices(watchedKindWords))
    .option('--name <name>', 'only of this resource')
    .option('--after <position>', 'go on after the position of an event that was seen earlier')
    .option('--limit <number>', 'end after so many; with --history at most so many (default 100)')
    .option('--history', 'print the latest events that are still kept, and end')
    .addHelpText(
      'after',
      `
A line tells: time of the change, position, what happened, kind,
resource, and whatever else there is: client, token, reason, ... No event is left out, over broken
connections too. With --json each line is one JSON object.

Exit status: 0 when it was stopped, or --limit is reached; 1 when events after the position are no
longer kept; 5 when no node answers at the beginning.

Examples:
  holdfast watch jobs/
  holdfast watch --kind election --name scheduler --json
  holdfast watch --history --limit 20`,
    )
    .action(async (prefix: string | undefined, options: WatchCommandOptions) => {
      const { name, kind, after } = options;
      if (prefix !== undefined && name !== undefined)
        throw new UsageError('Give a prefix or --name, not both.');
      const limit = options.limit === undefined ? undefined : countOf('--limit', options.limit);
      const filter: Filter = {
        ...(prefix === undefined ? {} : { prefix }),
        ...(name === undefined ? {} : { name }),
        ...(kind === undefined ? {} : { kind }),
        ...(after === undefined ? {} : { after }),
      };
      if (options.history === true) await printHistory(at(), filter, limit ?? usualHistory);
      else await follow(at(), filter, limit ?? Number.POSITIVE_INFINITY);
    });
}

async function follow(environment: Environment, filter: Filter, limit: number): Promise<void> {
  const print = async (client: Client): Promise<void> => {
    using stop = new StopSignal();
    let printed = 0;
    for await (const event of client.watch({ ...filter, signal: stop.signal })) {
      printEvent(environment, event, new Date());
      printed += 1;
      if (printed >= limit) break;
    }
  };
  // A watch goes on asking where no node answers.
  await withClient(environment, print, { probe: true });
}

async function printHistory(
  environment: Environment,
  filter: Filter,
  limit: number,
): Promise<void> {
  await withClient(environment, async (client) => {
    let left = limit;
    let after = filter.after;
    for (;;) {
      const page = await client.call('events', {
        ...filter,
        ...(after === undefined ? {} : { after }),
        limit: Math.min(longestPage, left),
      });
      for (const event of page.events) printEvent(environment, event);
      left -= page.events.length;
      // Without a position it is the latest that are told, on one page.
      if (after === undefined || !page.more || left <= 0) return;
      after = page.position;
    }
  });
}

function printEvent({ output }: Environment, event: WatchEvent, receivedAt?: Date): void {
  output.write(output.json ? `${JSON.stringify(event)}\n` : eventLine(event, receivedAt));
}

/** `holdfast election run`: a command that runs only while it leads. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { CallSettings, Client, Leadership } from '@holdfast/client';
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode, Json, Leader } from '@holdfast/protocol';
import { exitStatus } from '../exit-status.ts';
import { jsonOrText } from '../json-text.ts';
import { warn } from '../printable.ts';
import type { Environment } from '../environment.ts';
import type { Taking } from '../run/run-held.ts';
import { addQueueOptions, runHelp, timesOf } from '../run/run-options.ts';
import type { RunOptions } from '../run/run-options.ts';
import { StopSignal } from '../until-signal.ts';

/** Between two campaigns: a command that ends at once makes no storm of elections. */
const pauseMs = 1000;
/** One wait of many; no longer than a cluster allows by default. */
const repeatedWaitSeconds = '30';
/** The command cannot be started, as a shell tells it: another try would end the same. */
const hopeless: ReadonlySet<number> = new Set([126, 127]);

/** The session was lost while it waited: the next round has another one. */
const ofTheSession: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'session_expired',
  'session_not_found',
  'hold_lost',
]);

interface ElectionRunOptions extends RunOptions {
  readonly value?: string;
  readonly repeat?: boolean;
}

export function addElectionRun(election: Command, at: () => Environment): void {
  const run = election
    .command('run <name> <command...>')
    .description(
      'Campaigns, runs a command while it leads, resigns, and passes on the exit status.',
    )
    .option('--value <json>', 'what the leader tells: JSON, or text')
    .option(
      '--repeat',
      'campaign again, however long it takes, when the leadership is lost or the command has ended; a signal ends it',
    );
  addQueueOptions(run)
    .addHelpText(
      'after',
      runHelp({
        commandName: 'election run',
        variables:
          'HOLDFAST_FENCE_TOKEN (larger than that of any leader\nbefore), HOLDFAST_ELECTION_NAME and HOLDFAST_SESSION_ID (for "election proclaim")',
        what: 'the leadership is',
        notHad: 'somebody else leads',
        examples: [
          '--wait 60 scheduler -- ./schedule.sh',
          '--repeat --value \'{"url":"http://a:1"}\' scheduler -- ./schedule.sh',
        ],
      }),
    )
    .action(async (name: string, command: readonly string[], options: ElectionRunOptions) => {
      const environment = at();
      const { runHeld } = await import('../run/run-held.ts'); // (START-1)
      timesOf(options); // What is wrong is told before anything is tried.
      const value = options.value === undefined ? undefined : jsonOrText(options.value);
      const taking = takingOf(name, value);
      const wait =
        options.repeat === true && options.wait === '0' ? repeatedWaitSeconds : options.wait;
      const round = (): Promise<number> =>
        runHeld(environment, taking, command, { ...options, wait });
      environment.finish(await (options.repeat === true ? repeated(round) : round()));
    });
}

function takingOf(name: string, value: Json | undefined): Taking<Leadership> {
  return {
    name,
    take: async (session, wait) => {
      const { Election } = await import('@holdfast/client');
      return new Election(session, name).campaign(value === undefined ? wait : { ...wait, value });
    },
    variables: (held) => ({
      HOLDFAST_FENCE_TOKEN: String(held.fenceToken),
      HOLDFAST_ELECTION_NAME: name,
      HOLDFAST_SESSION_ID: held.session.id,
    }),
    stands: async (client, held, settings) => (await leadOf(client, held, settings)) !== undefined,
    endsInSeconds: async (client, held) => (await leadOf(client, held))?.ends_in_seconds,
  };
}

async function leadOf(
  client: Client,
  held: Leadership,
  settings?: CallSettings,
): Promise<Leader | undefined> {
  const { leader } = await client.call('election_leader', { name: held.name }, settings);
  return leader?.fence_token === held.fenceToken ? leader : undefined;
}

/** Each round has a session of its own: nothing of a lead that was lost is left in the next. */
async function repeated(round: () => Promise<number>): Promise<number> {
  using stop = new StopSignal();
  for (;;) {
    const status = await roundStatus(round);
    // The command was told as well, and has ended.
    if (stop.status !== undefined) return status ?? stop.status;
    if (status !== undefined && hopeless.has(status)) return status;
    try {
      await pause(pauseMs, undefined, { signal: stop.signal });
    } catch {
      return stop.status ?? exitStatus.ok;
    }
  }
}

/** Undefined: it did not lead, and may later. */
async function roundStatus(round: () => Promise<number>): Promise<number | undefined> {
  try {
    return await round();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const { code, message } = error;
    if (errorDefinitions[code].retry === 'never' && !ofTheSession.has(code)) throw error;
    // To wait in turn is the usual case, and needs no word.
    if (code !== 'not_elected' && code !== 'wait_timeout')
      warn(`${message} (${code}); goes on trying.`);
    return undefined;
  }
}

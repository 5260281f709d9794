/** `holdfast election ...` */
import { acquireOnce, whatBecomesOfIt } from '../acquire-once.ts';
import type { Command } from 'commander';
import type { Client } from '@holdfast/client';
import type { ElectionAnswer } from '@holdfast/protocol';
import { UsageError } from '../failure.ts';
import { jsonOrText, shownJson } from '../json-text.ts';
import { printRecord, printTable } from '../output.ts';
import type { Output } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { addTermOptions, termsOf } from '../run/terms.ts';
import type { TermOptions } from '../run/terms.ts';
import { waitsAt } from '../status-rows.ts';
import { addHolderOptions, tokenOf, whoOf } from '../who.ts';
import type { HolderOptions } from '../who.ts';
import { secondsOf, waiting, withClient } from '../with-client.ts';
import { addElectionObserve } from './election-observe.ts';
import { addElectionRun } from './election-run.ts';

interface CampaignOptions extends TermOptions, Omit<HolderOptions, 'fenceToken'> {
  readonly ttl?: string;
  readonly value?: string;
  readonly wait: string;
}

export function addElectionCommands(program: Command, at: () => Environment): void {
  const election = program
    .command('election')
    .description(
      'Campaigns, resigns, shows and observes leaders, and runs commands while they lead.',
    )
    .enablePositionalOptions();
  addElectionRun(election, at);
  election
    .command('leader <name>')
    .description('Shows who leads, what the leader tells, and who waits to lead.')
    .addHelpText('after', '\nExample:\n  holdfast election leader scheduler')
    .action(async (name: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printLeader(environment.output, await client.call('election_leader', { name }));
      });
    });
  addElectionObserve(election, at);
  addCampaign(election, at);
  addProclaim(election, at);
  addResign(election, at);
}

function addCampaign(election: Command, at: () => Environment): void {
  const campaigning = election
    .command('campaign <name>')
    .description(
      'Campaigns, and prints the fence token. The leadership ends with "resign", or after its ttl; "run" renews it.',
    )
    .option('--session <id>', 'lead in this session')
    .option('--client-id <name>', 'without a session: who leads (default: cli-USER)')
    .option(
      '--ttl <seconds>',
      'without a session: it ends after so long without a renewal (default 60)',
    )
    .option('--wait <seconds>', 'longest wait in the queue', '0')
    .option('--value <json>', 'what the leader tells: JSON, or text');
  addTermOptions(campaigning)
    .addHelpText(
      'after',
      `
${whatBecomesOfIt}

Example:
  holdfast election campaign scheduler --ttl 300 --value '{"url":"http://a:1"}'`,
    )
    .action(async (name: string, options: CampaignOptions) => {
      const environment = at();
      const wait = secondsOf('--wait', options.wait) ?? 0;
      const { priority, maxHoldMs } = termsOf(options);
      const ttl = secondsOf('--ttl', options.ttl) ?? 60;
      const body = {
        name,
        ...whoOf(options),
        ...(options.session === undefined ? { ttl_seconds: ttl } : {}),
        ...(options.value === undefined ? {} : { value: jsonOrText(options.value) }),
        ...(wait === 0 ? {} : { wait_seconds: wait }),
        ...(priority === undefined ? {} : { priority }),
        ...(maxHoldMs === undefined ? {} : { max_hold_seconds: maxHoldMs / 1000 }),
      };
      const { probe, timeoutMs } = waiting(wait);
      const run = async (client: Client): Promise<void> => {
        const acquired = { name, kind: 'election' as const, ...whoOf(options) };
        const answer = await acquireOnce(client, acquired, (request, signal) =>
          client.call('campaign', { ...body, ...request }, { timeoutMs, signal }),
        );
        if (typeof answer === 'number') environment.finish(answer);
        else printRecord(environment.output, answer);
      };
      await withClient(environment, run, { probe });
    });
}

function addProclaim(election: Command, at: () => Environment): void {
  const proclaiming = election
    .command('proclaim <name> <value>')
    .description('Publishes another value as the leader: JSON, or text.');
  addHolderOptions(proclaiming, 'campaign')
    .addHelpText(
      'after',
      `
Examples:
  holdfast election proclaim scheduler '{"url":"http://a:1"}' --fence-token 42
  holdfast election proclaim "$HOLDFAST_ELECTION_NAME" ready \\
    --session "$HOLDFAST_SESSION_ID" --fence-token "$HOLDFAST_FENCE_TOKEN"    # in "election run"`,
    )
    .action(async (name: string, value: string, options: HolderOptions) => {
      const environment = at();
      const { fence_token } = tokenOf(options);
      if (fence_token === undefined)
        throw new UsageError('Give the token of the leadership with --fence-token.');
      const body = { name, ...whoOf(options), fence_token, value: jsonOrText(value) };
      await withClient(environment, async (client) => {
        printRecord(environment.output, await client.call('proclaim', body));
      });
    });
}

function addResign(election: Command, at: () => Environment): void {
  const resigning = election
    .command('resign <name>')
    .description('Resigns a leadership: the next candidate leads.');
  addHolderOptions(resigning, 'campaign')
    .addHelpText('after', '\nExample:\n  holdfast election resign scheduler --fence-token 42')
    .action(async (name: string, options: HolderOptions) => {
      const environment = at();
      const body = { name, ...whoOf(options), ...tokenOf(options) };
      await withClient(environment, async (client) => {
        printRecord(environment.output, await client.call('resign', body));
      });
    });
}

function printLeader(output: Output, answer: ElectionAnswer): void {
  const { leader, candidates, delayed_until: delayedUntil } = answer;
  if (leader === null && !output.json) {
    const closed =
      delayedUntil === null
        ? ''
        : `; in its lock-delay period until ${new Date(delayedUntil * 1000).toISOString()}`;
    output.write(`Nobody leads ${printable(answer.resource)}${closed}.\n`);
    if (candidates.length === 0) return;
    output.write('\n');
  }
  const rows = candidates.map((one) => [waitsAt(one), one.client_id, '-', '-', '-']);
  if (leader !== null) {
    rows.unshift([
      'leads',
      leader.client_id,
      String(leader.fence_token),
      new Date(leader.elected_at * 1000).toISOString(),
      shownJson(leader.value),
    ]);
  }
  printTable(output, answer, ['STATE', 'CLIENT', 'FENCE TOKEN', 'SINCE', 'VALUE'], rows);
}

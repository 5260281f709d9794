/** `holdfast quorum status`: what each node says, side by side, and what it comes to. */
import type { Command } from 'commander';
import { HoldfastError } from '@holdfast/protocol';
import { exitStatus } from '../exit-status.ts';
import { explain, failureText } from '../failure.ts';
import { printTable } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../program.ts';
import { addApiKeyOption, apiKeyOf } from '../quorum/api-key.ts';
import { questionsToNodes } from '../quorum/ask-nodes.ts';
import type { NodeReport, Questions, VoteReport } from '../quorum/ask-nodes.ts';
import { addServersOptions, redisServersOf } from '../quorum/redis-servers.ts';
import type { ServersOptions } from '../quorum/redis-servers.ts';
import { troublesOf } from '../quorum/troubles.ts';
import { secondsText, verdictOf, verdictText } from '../quorum/verdict.ts';
import type { Verdict } from '../quorum/verdict.ts';
import { addEpochOption, addNodesOption, nodesOf, refuseEndpoints } from '../quorum/voters.ts';
import type { NodesOptions } from '../quorum/voters.ts';
import { countOf } from '../with-client.ts';

const notVoting = 'has lost its file, or is new, and does not vote yet';
const heads = ['NODE', 'VOTES', 'HELD', 'HOLDER', 'REMAINING', 'LARGEST TOKEN', 'WAITERS'];

export function addQuorumStatus(quorum: Command, at: () => Environment): void {
  const status = quorum
    .command('status <name>')
    .description('Shows what each node says of a lock, and whether a majority keeps it.');
  addApiKeyOption(addEpochOption(addServersOptions(addNodesOption(status))))
    .addHelpText(
      'after',
      `
Held is what a majority of all nodes keeps under one name. A node that has lost its file does not vote
until its leases have ended everywhere. Redis servers (--voters) do not count who waits.

Exit status 0, or 5 when no majority answered.

Examples:
  holdfast quorum status reports/daily
  holdfast quorum status --nodes a:5001,b:5001,c:5001 reports/daily`,
    )
    .action(async (name: string, options: NodesOptions & ServersOptions, command: Command) => {
      refuseEndpoints(command);
      const servers = await redisServersOf(options);
      const epoch = countOf('--epoch', options.epoch);
      const questions =
        servers?.questions ?? questionsToNodes(nodesOf(options), apiKeyOf(options), epoch);
      await showStatus(at(), name, questions);
    });
}

async function showStatus(
  { output, finish }: Environment,
  name: string,
  questions: Questions,
): Promise<void> {
  const reports = await questions.status(name);
  const verdict = verdictOf(reports);
  printTable(output, wholeOf(name, verdict, reports), heads, reports.map(rowOf));
  if (!output.json) output.write(`\n${printable(verdictText(name, verdict, questions.count))}\n`);
  if (verdict.type !== 'no_majority') return;
  const { code = 'no_quorum', text } = troublesOf(reports.map(voteOf));
  const failure = explain(new HoldfastError(code, printable(`"${name}": ${text}.`)), [], 'quorum');
  process.stderr.write(failureText(failure, false));
  finish(exitStatus.unreachable);
}

function voteOf(report: NodeReport): VoteReport {
  const { url } = report;
  if (report.answer === undefined) return { url, problem: report.problem, refusal: report.refusal };
  return { url, problem: report.answer.voting ? undefined : notVoting, refusal: undefined };
}

function rowOf(report: NodeReport): readonly string[] {
  const { url, answer } = report;
  if (answer === undefined) return [url, 'no', '-', report.problem, '-', '-', '-'];
  return [
    url,
    answer.voting ? 'yes' : 'not yet',
    answer.held ? 'yes' : 'no',
    answer.client_id ?? '-',
    answer.held ? secondsText(answer.remaining_ms) : '-',
    String(answer.max_token),
    String(answer.waiters),
  ];
}

/** For programs. */
function wholeOf(resource: string, verdict: Verdict, reports: readonly NodeReport[]): object {
  return {
    resource,
    verdict: verdict.type,
    holder: verdict.type === 'held' ? verdict.holder : null,
    nodes: reports.map((report) => {
      if (report.answer === undefined)
        return { node: report.url, answered: false, problem: report.problem };
      const { resource: _same, ...said } = report.answer;
      return { node: report.url, answered: true, ...said };
    }),
  };
}

/** `holdfast quorum status`: what each node says, side by side, and what it comes to. */
import type { Command } from 'commander';
import { HoldfastError } from '@holdfast/protocol';
import { exitStatus } from '../exit-status.ts';
import { explain, failureText } from '../failure.ts';
import { printTable } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../program.ts';
import { addApiKeyOption, apiKeyOf } from '../quorum/api-key.ts';
import { askStatus } from '../quorum/ask-nodes.ts';
import type { NodeReport, VoteReport } from '../quorum/ask-nodes.ts';
import { troublesOf } from '../quorum/troubles.ts';
import { secondsText, verdictOf, verdictText } from '../quorum/verdict.ts';
import type { Verdict } from '../quorum/verdict.ts';
import { addNodesOption, nodesOf, refuseEndpoints } from '../quorum/voters.ts';
import type { NodesOptions } from '../quorum/voters.ts';

const notVoting = 'has lost its file, or is new, and does not vote yet';
const heads = ['NODE', 'VOTES', 'HELD', 'HOLDER', 'REMAINING', 'LARGEST TOKEN', 'WAITERS'];

export function addQuorumStatus(quorum: Command, at: () => Environment): void {
  const status = quorum
    .command('status <name>')
    .description('Shows what each node says of a lock, and whether a majority keeps it.');
  addApiKeyOption(addNodesOption(status))
    .addHelpText(
      'after',
      `
Held is what a majority of all nodes keeps under one name. A node that has lost its file does not vote
until its leases have ended everywhere.

Exit status 0, or 5 when no majority answered.

Examples:
  holdfast quorum status reports/daily
  holdfast quorum status --nodes a:5001,b:5001,c:5001 reports/daily`,
    )
    .action(async (name: string, options: NodesOptions, command: Command) => {
      refuseEndpoints(command);
      await showStatus(at(), name, nodesOf(options), apiKeyOf(options));
    });
}

async function showStatus(
  { output, finish }: Environment,
  name: string,
  nodes: readonly string[],
  apiKey: string | undefined,
): Promise<void> {
  const reports = await askStatus(nodes, name, apiKey);
  const verdict = verdictOf(reports);
  printTable(output, wholeOf(name, verdict, reports), heads, reports.map(rowOf));
  if (!output.json) output.write(`\n${printable(verdictText(name, verdict, nodes.length))}\n`);
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

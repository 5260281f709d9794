/** `holdfast quorum status`: what each node says, side by side, and what it comes to. */
import type { Command } from 'commander';
import type { QuorumStatusAnswer } from '@holdfast/protocol';
import { exitStatus } from '../exit-status.ts';
import { explain, failureText } from '../failure.ts';
import { note, printTable } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { addApiKeyOption, apiKeyOf } from '../quorum/api-key.ts';
import { areNew, noMajorityError, twinsText, waitText } from '../quorum/advice.ts';
import { answerWithinMs, questionsToNodes } from '../quorum/ask-nodes.ts';
import type { LeaseNodeReport, Questions, VoteReport } from '../quorum/ask-nodes.ts';
import { reaches } from '../quorum/reach.ts';
import { addServersOptions, redisServersOf } from '../quorum/redis-servers.ts';
import type { ServersOptions } from '../quorum/redis-servers.ts';
import { secondsText, verdictOf, verdictText } from '../quorum/verdict.ts';
import type { MajorityAnswer } from '../quorum/verdict.ts';
import {
  addEpochOption,
  addNodesOption,
  checkName,
  nodesOf,
  refuseEndpoints,
} from '../quorum/voters.ts';
import type { NodesOptions } from '../quorum/voters.ts';
import { countOf } from '../with-client.ts';

const kindHeads = { nodes: 'NODE', servers: 'SERVER' } as const;
const otherHeads = ['VOTES', 'HELD', 'HOLDER', 'REMAINING', 'LARGEST TOKEN', 'WAITERS'];

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

Each node has 2 s to answer. Exit status 0, or 5 when no majority answered or votes.

Examples:
  holdfast quorum status reports/daily
  holdfast quorum status --nodes a:5001,b:5001,c:5001 reports/daily`,
    )
    .action(async (name: string, options: NodesOptions & ServersOptions, command: Command) => {
      refuseEndpoints(command);
      checkName('A lock', name);
      const servers = await redisServersOf(options);
      const epoch = countOf('--epoch', options.epoch);
      const questions =
        servers?.questions ??
        questionsToNodes(nodesOf(options), apiKeyOf(options), epoch, reaches(options.reach));
      await showStatus(at(), name, questions);
    });
}

async function showStatus(
  { output, finish }: Environment,
  name: string,
  questions: Questions,
): Promise<void> {
  const { kind } = questions;
  const reports = await questions.status(name, answerWithinMs);
  const verdict = verdictOf(reports);
  const allNew = areNew(reports);
  const rows = reports.map((report) => rowOf(report, allNew));
  printTable(output, wholeOf(name, verdict, reports), [kindHeads[kind], ...otherHeads], rows);
  const votes = reports.map((report) => voteOf(report, allNew));
  const failed =
    verdict.type === 'no_majority' ? noMajorityError(name, kind, votes, reports) : undefined;
  // Where a majority gives one reason, it is that one that counts, not who votes.
  if (!output.json && (failed === undefined || failed.code === 'no_quorum'))
    output.write(`\n${printable(verdictText(name, verdict, questions))}\n`);
  const twins = twinsText(reports);
  if (twins !== '' && failed === undefined)
    for (const line of twins.split('\n')) note(output, line);
  if (failed === undefined) return;
  process.stderr.write(failureText(explain(failed, [], 'quorum'), output.json));
  finish(exitStatus.unreachable);
}

function voteOf(report: LeaseNodeReport, allNew: boolean): VoteReport {
  const { url, answer } = report;
  if (answer === undefined) return { url, problem: report.problem, refusal: report.refusal };
  const problem = answer.voting ? undefined : whyNotYet(answer, allNew);
  return { url, problem, refusal: undefined };
}

function whyNotYet({ waits_ms: waitsMs }: QuorumStatusAnswer, allNew: boolean): string {
  if (allNew) return 'is new and does not vote yet';
  return waitsMs > 0
    ? `may have lost its file, and does not vote for ${waitText(waitsMs)} yet`
    : 'may have lost its file, and does not vote before it has asked the others';
}

function votesText({ voting, waits_ms: waitsMs }: QuorumStatusAnswer, allNew: boolean): string {
  if (voting) return 'yes';
  return allNew || waitsMs === 0 ? 'not yet' : `not yet (${waitText(waitsMs)})`;
}

function rowOf(report: LeaseNodeReport, allNew: boolean): readonly string[] {
  const { url, answer } = report;
  if (answer === undefined) return [url, 'no', '-', report.problem, '-', '-', '-'];
  return [
    url,
    votesText(answer, allNew),
    answer.held ? 'yes' : 'no',
    answer.client_id ?? '-',
    answer.held ? secondsText(answer.remaining_ms) : '-',
    String(answer.max_token),
    String(answer.waiters),
  ];
}

/** For programs. */
function wholeOf(
  resource: string,
  verdict: MajorityAnswer,
  reports: readonly LeaseNodeReport[],
): object {
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

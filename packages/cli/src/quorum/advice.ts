/** The next step where no majority of a quorum votes: it depends on what each voter says. */
import { HoldfastError } from '@holdfast/protocol';
import { AdvisedError, noMajorityAdvice } from '../failure.ts';
import { printable } from '../printable.ts';
import { clusterNode } from './ask-nodes.ts';
import type { LeaseNodeReport, VoteReport, VoterKind } from './ask-nodes.ts';
import { troublesOf } from './troubles.ts';

/** How waiting for the others is told of. */
export const waitText = (waitsMs: number): string => `${String(Math.ceil(waitsMs / 1000))} s`;

/** What a server that may have forgotten its leases needs. */
export const admitAdvice =
  'Let servers vote with "holdfast quorum admit --voters ...", and with --new-set where they have never kept leases.';

/**
 * Why no majority votes, with the next step; undefined: one does.
 *
 * @param votes What each would do.
 * @param reports What each says, in the same order.
 * @param cause What failed for it.
 */
export function noMajorityError(
  name: string,
  kind: VoterKind,
  votes: readonly VoteReport[],
  reports: readonly LeaseNodeReport[],
  cause?: HoldfastError,
): HoldfastError | undefined {
  const { code, text } = troublesOf(
    votes.map((vote, place) => oncePerNode(vote, reports[place])),
    kind,
  );
  if (code === undefined) return undefined;
  const message = printable(`"${name}": ${text}.`);
  const advice =
    code === 'no_quorum'
      ? adviceFor(kind, reports)
      : code === clusterNode.code
        ? 'Use "holdfast lock run" and "holdfast lock status" for a cluster, or name lease nodes with --nodes.'
        : undefined;
  const details = cause?.details ?? {};
  return advice === undefined
    ? new HoldfastError(code, message, details, { cause })
    : new AdvisedError(code, message, advice, details, { cause });
}

/** Its vote is counted at the address that was named first. */
const oncePerNode = (vote: VoteReport, report: LeaseNodeReport | undefined): VoteReport =>
  report?.answer === undefined && report?.twin !== undefined
    ? { url: vote.url, problem: report.problem, refusal: undefined }
    : vote;

/** Of all that are named twice; empty: none is. */
export function twinsText(reports: readonly LeaseNodeReport[]): string {
  return reports
    .flatMap((report) =>
      report.answer === undefined && report.twin !== undefined
        ? [
            `${report.twin} and ${report.url} are one node: it has one vote. Name another one in its place.`,
          ]
        : [],
    )
    .join('\n');
}

/** All run and none has ever voted: a quorum that begins. */
export const areNew = (reports: readonly LeaseNodeReport[]): boolean =>
  reports.every(({ answer }) => answer?.fresh === true && !answer.voting);

export function adviceFor(kind: VoterKind, reports: readonly LeaseNodeReport[]): string {
  return kind === 'servers' ? adviceForServers(reports) : adviceForNodes(reports);
}

function adviceForServers(reports: readonly LeaseNodeReport[]): string {
  const refusals = reports.flatMap((report) =>
    report.answer === undefined && report.refusal !== undefined ? [report.refusal.code] : [],
  );
  const isSilent = (report: LeaseNodeReport): boolean =>
    report.answer === undefined && report.refusal === undefined;
  return [
    reports.some(isSilent)
      ? 'Start the servers that do not answer, or name others with --voters.'
      : '',
    refusals.includes('not_voting') ? admitAdvice : '',
  ]
    .filter((text) => text !== '')
    .join(' ');
}

function adviceForNodes(reports: readonly LeaseNodeReport[]): string {
  const twins = twinsText(reports);
  if (twins !== '') return twins;
  const said = reports.flatMap(({ url, answer }) =>
    answer === undefined ? [] : [{ url, answer }],
  );
  const waiting = said
    .filter(({ answer }) => !answer.voting)
    .toSorted((one, other) => one.answer.waits_ms - other.answer.waits_ms);
  if (areNew(reports))
    return 'These nodes are new: they vote when each reaches all others that its --peers name, and all name the same set. Their logs tell.';
  if (waiting.length > 0 && said.every(({ answer }) => answer.fresh && !answer.voting))
    return 'Those that answer are new, and new nodes vote when all of them run and name the same set: start the others ("holdfast quorum-node"), or name all with --nodes.';
  const missing = Math.floor(reports.length / 2) + 1 - (said.length - waiting.length);
  const last = waiting[missing - 1];
  if (last === undefined) return noMajorityAdvice;
  const { url, answer } = last;
  const silent =
    said.length < reports.length
      ? ' The nodes that do not answer could vote before: start them.'
      : '';
  if (answer.waits_ms > 0)
    return `${missing === 1 ? url : `A majority (with ${url})`} votes in ${waitText(answer.waits_ms)} at the earliest: leases that were granted with a lost file end until then.${silent}`;
  return `${url} has waited, and votes when a majority of the others has told it their tokens. Where a majority has lost its files nobody knows them: give all nodes new files and a larger --epoch.`;
}

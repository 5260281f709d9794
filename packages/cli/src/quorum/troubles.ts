import type { ErrorCode } from '@holdfast/protocol';
import { clusterNode } from './ask-nodes.ts';
import type { VoteReport, VoterKind } from './ask-nodes.ts';

/** Why a majority does not vote; without a code: it does. */
export function troublesOf(
  reports: readonly VoteReport[],
  kind: VoterKind = 'nodes',
): {
  readonly code?: ErrorCode;
  readonly text: string;
} {
  const most = reports.length / 2;
  for (const { refusal } of reports) {
    // Where a majority gives one reason it is that one that has to be put right.
    const same = reports.filter((other) => other.refusal?.code === refusal?.code);
    if (refusal !== undefined && refusal.code !== 'not_voting' && same.length > most) {
      const some = `${String(same.length)} of ${String(reports.length)} ${kind}`;
      const text =
        refusal === clusterNode
          ? `${some} are nodes of a cluster, not lease nodes`
          : `${some} refuse: ${refusal.detail.replace(/\.$/, '')}`;
      return { code: refusal.code, text };
    }
  }
  const troubles = reports.flatMap(({ url, problem }) =>
    problem === undefined ? [] : [`${url} ${problem}`],
  );
  if (troubles.length < most) return { text: '' };
  const text = `no majority of the ${String(reports.length)} ${kind} votes: ${troubles.join('; ')}`;
  return { code: 'no_quorum', text };
}

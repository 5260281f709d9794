/** Changes of the cluster itself, over HTTP: each is sent to one node, which passes it on to the leader. */
import { HoldfastError } from '@holdfast/protocol';
import { readAnswer } from '@holdfast/protocol/bounded-answer';
import type { HttpOperations } from '@holdfast/protocol';
import { isRecord, noneAnswered, refusalOf, unreached } from './ask-node.ts';
import { ask } from './plain-question.ts';
import type { PlainAnswer } from './plain-question.ts';
import { AdvisedError, UsageError } from './failure.ts';
import { causeOf, wasNothingSent } from './reach-failure.ts';

/** A member that is added is sent the whole state before the answer. */
const timeoutMs = 60_000;

interface Sent {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Where one sees whether it was executed. */
  readonly look: string;
}

export type ClusterChange =
  'add_member' | 'promote_member' | 'remove_member' | 'transfer' | 'log_level' | 'set_log_level';

const ofMembers = '"holdfast member list" tells.';
const ofLevels = '"holdfast log-level" tells.';

const operations: Readonly<Record<ClusterChange, Sent>> = {
  add_member: { method: 'POST', path: '/cluster/members', look: ofMembers },
  promote_member: { method: 'POST', path: '/cluster/members/{node_id}/promote', look: ofMembers },
  remove_member: { method: 'DELETE', path: '/cluster/members/{node_id}', look: ofMembers },
  transfer: {
    method: 'POST',
    path: '/cluster/transfer',
    look: '"holdfast status" tells who leads.',
  },
  log_level: { method: 'GET', path: '/admin/log-level', look: ofLevels },
  set_log_level: { method: 'POST', path: '/admin/log-level', look: ofLevels },
};

/**
 * To the first node that can be reached: what may have arrived is not sent again.
 *
 * @throws HoldfastError `connection_lost` when no node was reached, `outcome_unknown` when one may have executed it and
 *     did not answer; UsageError when the certificates or the key of this command line cannot be used.
 */
export async function change<N extends ClusterChange>(
  endpoints: readonly string[],
  operation: N,
  body: HttpOperations[N]['body'],
): Promise<HttpOperations[N]['answer']> {
  const { method, path, look } = operations[operation];
  // Then there is nothing for a body.
  const isInPath = path.includes('{') || method === 'GET';
  const failures: HoldfastError[] = [];
  for (const url of endpoints) {
    let answer: PlainAnswer;
    try {
      answer = await ask(url + pathOf(operation, body), {
        method,
        ...(isInPath
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      // A question changes nothing, and what cannot be used was shown to nobody.
      if (method !== 'GET' && !(error instanceof UsageError) && !wasNothingSent(error))
        throw new AdvisedError(
          'outcome_unknown',
          `${url} did not answer (${causeOf(error)}): it may have been executed.`,
          look,
          { endpoint: url },
          { cause: error },
        );
      failures.push(unreached(url, error));
      continue;
    }
    const told = await readAnswer(url, answer).catch(() => undefined);
    // The answer of an operation that a node of this version has.
    if (answer.ok && isRecord(told)) return told as unknown as HttpOperations[N]['answer'];
    throw refusalOf(url, answer.status, told);
  }
  throw noneAnswered(endpoints, failures);
}

function pathOf(operation: ClusterChange, body: object): string {
  const id = 'node_id' in body ? String(body.node_id) : '';
  return operations[operation].path.replace('{node_id}', encodeURIComponent(id));
}

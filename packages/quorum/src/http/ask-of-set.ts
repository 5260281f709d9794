/** What whoever changes the set asks of a node, over HTTP. */
import { HoldfastError, isErrorCode, setIdOf } from '@holdfast/protocol';
import type { QuorumSetAnswer } from '@holdfast/protocol';
import type { Fetch } from '@holdfast/tls';
import type { SetQuestion } from '../set/change-set.ts';
import { setAnswer } from './schemas.ts';

const answerWithinMs = 5000;
const longestAnswer = 16_384;

/** @param urlOf Where a member is reached. */
export function askOfSet(
  urlOf: (member: string) => string,
  apiKey: string | undefined,
  fetchAny: Fetch = fetch,
): (member: string, question: SetQuestion) => Promise<QuorumSetAnswer> {
  return async (member, question) => {
    const [path, body] = requestOf(question);
    const response = await fetchAny(`${urlOf(member)}/${path}`, {
      signal: AbortSignal.timeout(answerWithinMs),
      headers: {
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    const answer = await readBounded(response);
    if (response.ok) return setAnswer.parse(answer);
    throw refusalIn(answer, response.status);
  };
}

function requestOf(question: SetQuestion): readonly [path: string, body?: object] {
  switch (question.type) {
    case 'look':
      return ['set'];
    case 'close': {
      const { from, next, instead } = question;
      const body = { epoch: from.epoch, set: setIdOf(from), next };
      return ['close', instead ? { ...body, instead } : body];
    }
    case 'prepare': {
      const { next, after, floor } = question;
      return ['prepare', { next, after, floor }];
    }
  }
}

async function readBounded(response: Response): Promise<unknown> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > longestAnswer) throw new Error('does not respond as a lease node');
  }
  return JSON.parse(text);
}

function refusalIn(answer: unknown, status: number): Error {
  const { code, detail } = (answer ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  const text = typeof detail === 'string' ? detail : `it answered ${String(status)}`;
  return isErrorCode(code) ? new HoldfastError(code, text) : new Error(text);
}

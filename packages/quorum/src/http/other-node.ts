/** Asks another node what it knows. */
import type { QuorumTokensAnswer } from '@holdfast/protocol';
import { tokensAnswer } from './schemas.ts';

const answerWithinMs = 2000;

/** @throws Error when it does not answer in time, or not as a lease node does. */
export async function askTokens(
  peer: string,
  after: string,
  apiKey: string | undefined,
): Promise<QuorumTokensAnswer> {
  const response = await fetch(`${peer}/tokens?after=${encodeURIComponent(after)}`, {
    headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
    signal: AbortSignal.timeout(answerWithinMs),
  });
  if (!response.ok) throw new Error(`it answered ${String(response.status)}`);
  return tokensAnswer.parse(await response.json());
}

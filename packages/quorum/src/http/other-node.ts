/** Another node, as this one asks it. */
import {
  bytesOfUnitInJson,
  longestAnswerBytes,
  readAnswer,
} from '@holdfast/protocol/bounded-answer';
import type { QuorumOverviewAnswer, QuorumTokensAnswer } from '@holdfast/protocol';
import type { Fetch } from '@holdfast/tls';
import { leasesOnAPage } from '../node/held-leases.ts';
import type { WantedLeases } from '../node/held-leases.ts';
import { namesOnAPage } from '../node/pages.ts';
import { longestResourceName, overviewAnswer, tokensAnswer } from './schemas.ts';

const answerWithinMs = 2000;
/** Of a token, and of what stands between it and its name. */
const bytesBesideAName = 32;
/** ANS-1: a full page of the longest names. */
export const longestPageBytes: number =
  longestAnswerBytes + namesOnAPage * (longestResourceName * bytesOfUnitInJson + bytesBesideAName);
/** ANS-1: a full page of leases, each with the longest name and the longest client id. */
export const longestOverviewBytes: number =
  longestAnswerBytes + leasesOnAPage * 2 * longestResourceName * bytesOfUnitInJson;

export class OtherNode {
  readonly #url: string;
  readonly #fetchAny: Fetch;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, apiKey: string | undefined, fetchAny: Fetch = fetch) {
    this.#url = url;
    this.#fetchAny = fetchAny;
    this.#headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  }

  /**
   * @param after Which page of its tokens; undefined: only what it says of itself.
   * @throws Error when it does not answer in time, or not as a lease node does.
   */
  async tokens(after: string | undefined): Promise<QuorumTokensAnswer> {
    const path = after === undefined ? 'said' : `tokens?after=${encodeURIComponent(after)}`;
    const response = await this.#fetch(path, { headers: this.#headers });
    return tokensAnswer.parse(await readAnswer(this.#url, response, longestPageBytes));
  }

  /** @throws Error when it does not answer in time, or not as a lease node does. */
  async overview({ prefix, after }: WantedLeases): Promise<QuorumOverviewAnswer> {
    const query = new URLSearchParams({ prefix, after }).toString();
    const response = await this.#fetch(`overview?${query}`, { headers: this.#headers });
    return overviewAnswer.parse(await readAnswer(this.#url, response, longestOverviewBytes));
  }

  /** @throws Error when it does not take it. */
  async begin(epoch: number, set: string, bootstrapSet: readonly number[]): Promise<void> {
    const response = await this.#fetch('begin', {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body: JSON.stringify({ epoch, set, bootstrap_set: bootstrapSet }),
    });
    await response.body?.cancel();
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const signal = AbortSignal.timeout(answerWithinMs);
    const response = await this.#fetchAny(`${this.#url}/${path}`, { ...init, signal });
    if (!response.ok) throw new Error(`it answered ${String(response.status)}`);
    return response;
  }
}

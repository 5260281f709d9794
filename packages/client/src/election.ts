import { HoldfastError } from '@holdfast/protocol';
import type {
  CampaignAnswer,
  ElectionAnswer,
  Json,
  LeaderChange,
  WatchEvent,
} from '@holdfast/protocol';
import { termsOf, waitOf } from './acquiring.ts';
import type { AcquireOptions } from './acquiring.ts';
import { Held } from './held.ts';
import type { Session } from './session.ts';

/** What a campaign may ask for. */
export interface CampaignOptions extends Omit<AcquireOptions, 'metadata'> {
  /** What the leader tells; at most 1024 bytes as JSON. */
  readonly value?: Json;
}

/**
 * One leads, the others wait in turn; all may watch.
 *
 * @example
 * const election = new Election(session, 'scheduler');
 * await using leadership = await election.campaign({ waitMs: 60_000, value: { url } });
 * while (leadership.isHeld()) await schedule({ fenceToken: leadership.fenceToken });
 */
export class Election {
  /** The session on whose behalf everything is asked. */
  readonly session: Session;
  /** The name of the election. */
  readonly name: string;

  constructor(session: Session, name: string) {
    this.session = session;
    this.name = name;
  }

  /**
   * Leads, or waits for it. A session that leads already is told so, under the same token.
   *
   * @throws HoldfastError `not_elected`, `wait_timeout`, `deadlock`, `cancelled`, `hold_lost`, ...
   */
  async campaign(options: CampaignOptions = {}): Promise<Leadership> {
    const { waitMs = 0, value } = options;
    const { counts } = this.session;
    const { quiet } = counts;
    const lasting = this.session.lasting(options);
    const answer = await this.session.request(
      'campaign',
      {
        name: this.name,
        ...(value === undefined ? {} : { value }),
        ...termsOf(options),
        ...waitOf(waitMs),
      },
      options,
    );
    const mayCompare = counts.isQuietSince(quiet); // HOLD-COUNT-1
    const leadership: Leadership = new Leadership(this.session, answer, () =>
      this.session.giveBack('resign', leadership),
    );
    this.session.keep(leadership, lasting);
    if (mayCompare) counts.compare(leadership, answer.hold_count);
    return leadership;
  }

  /** Who leads, what it tells, and who waits. */
  leader(): Promise<ElectionAnswer> {
    return this.session.request('election_leader', { name: this.name });
  }

  async #leaderUnlessAborted(signal?: AbortSignal): Promise<ElectionAnswer | undefined> {
    if (signal === undefined) return this.leader();
    try {
      return await this.session.request('election_leader', { name: this.name }, { signal });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  /**
   * Who leads now, then every change, in order, none left out, over broken connections too.
   *
   * @param options.after Goes on after the position of a change that was seen earlier.
   * @param options.signal Ends it, also while nobody answers.
   * @throws HoldfastError `compacted` when changes after the position are no longer retained, `future_position` when the
   *   cluster has not reached it.
   * @example
   * for await (const { leader } of election.observe({ signal })) console.log(leader?.value);
   */
  async *observe(
    options: { readonly after?: string; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<LeaderChange, void, undefined> {
    const { name } = this;
    const { signal } = options;
    let { after } = options;
    if (after === undefined) {
      const current = await this.#leaderUnlessAborted(signal);
      if (current === undefined) return;
      const { leader, revision } = current;
      after = String(revision);
      yield {
        position: after,
        revision,
        change: 'current',
        resource: name,
        leader:
          leader === null
            ? null
            : {
                client_id: leader.client_id,
                fence_token: leader.fence_token,
                value: leader.value,
              },
      };
    }
    const watch = {
      name,
      kind: 'election' as const,
      after,
      ...(signal === undefined ? {} : { signal }),
    };
    for await (const event of this.session.watch(watch)) yield* changeOf(event);
  }
}

function changeOf(event: WatchEvent): readonly LeaderChange[] {
  const { position, revision, resource, client_id = '', fence_token = 0, value = null } = event;
  const about = { position, revision, resource };
  if (event.type === 'granted' || event.type === 'proclaimed') {
    const change = event.type === 'granted' ? 'elected' : 'proclaimed';
    return [{ ...about, change, leader: { client_id, fence_token, value } }];
  }
  if (event.type !== 'released' && event.type !== 'expired') return [];
  return [{ ...about, change: 'ended', leader: null, reason: event.reason ?? 'released' }];
}

/** To lead. Its fence token is larger than that of any leader before. */
export class Leadership extends Held {
  /** The session that holds it: the hold ends with it. */
  readonly session: Session;
  /** Made by `Election.campaign`. */
  constructor(session: Session, answer: CampaignAnswer, release: () => Promise<void>) {
    const { resource: name, fence_token: fenceToken } = answer;
    super(session, { kind: 'election', name, fenceToken, release });
    this.session = session;
  }

  /**
   * Tells another value.
   *
   * @throws HoldfastError `not_holder` when it leads no more, `hold_lost`, `invalid_request` (too large), ...
   */
  async proclaim(value: Json): Promise<void> {
    this.assertHeld();
    const { name, fenceToken } = this;
    try {
      await this.session.request('proclaim', { name, fence_token: fenceToken, value });
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'not_holder')
        this.lose('lost', 'the cluster reports that it no longer leads');
      throw error;
    }
  }

  /** Resigns: the next candidate leads. The same as `release`. */
  resign(): Promise<void> {
    return this.release();
  }
}

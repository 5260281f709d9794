/**
 * What other members answered lately when they were asked for payloads.
 *
 * PRECENT-1: who gave something is asked before who had nothing of it, and that one before who did not answer, for which others wait the
 *     longest; among equals the leader is the first. So a page of payloads costs one question where one member has them. This is an
 *     order only: whoever has not denied what is missing is asked for it all the same (PASK-3).
 * PRECENT-2: it is forgotten after `rememberedMs`, and that a member was asked in vain also once it answers again.
 */
import type { MemberId } from '@holdfast/raft';
import type { Clock } from '../clock.ts';

const rememberedMs = 10_000;

type AnswerKind = 'gave some' | 'gave none' | 'silent';

const ranks: Readonly<Record<AnswerKind, number>> = { 'gave some': 0, 'gave none': 1, silent: 2 };

interface LastAnswer {
  readonly kind: AnswerKind;
  readonly atMs: number;
}

export class RecentAnswers {
  readonly #clock: Pick<Clock, 'now'>;
  /** As many as there are members; those of members that were removed go with time. */
  readonly #last = new Map<MemberId, LastAnswer>();
  readonly #vainMs = new Map<MemberId, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  note(member: MemberId, kind: AnswerKind): void {
    if (kind !== 'silent' && this.#last.get(member)?.kind === 'silent') this.#vainMs.delete(member);
    this.#last.set(member, { kind, atMs: this.#clock.now() });
  }

  /** All rounds for what it neither gave nor denied brought nothing. */
  noteInVain(member: MemberId): void {
    this.#vainMs.set(member, this.#clock.now());
  }

  wasAskedInVain(member: MemberId): boolean {
    return this.#vainMs.has(member);
  }

  /** PRECENT-1. */
  inOrder(members: readonly MemberId[], leader: MemberId | undefined): readonly MemberId[] {
    this.#forget();
    const rankOf = (member: MemberId): number => {
      const last = this.#last.get(member);
      return last === undefined ? 0 : ranks[last.kind];
    };
    return members.toSorted(
      (a, b) => rankOf(a) - rankOf(b) || Number(b === leader) - Number(a === leader),
    );
  }

  /** PRECENT-2. */
  #forget(): void {
    const sinceMs = this.#clock.now() - rememberedMs;
    for (const [member, { atMs }] of this.#last) if (atMs <= sinceMs) this.#last.delete(member);
    for (const [member, atMs] of this.#vainMs) if (atMs <= sinceMs) this.#vainMs.delete(member);
  }
}

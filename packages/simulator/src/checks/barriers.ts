/**
 * What must hold of barriers, counts and longest times, by what clients did and by the events of the
 * cluster (each seen once, as the first node applies it).
 *
 * BARRIER-CHECK-1: a barrier opens when as many sessions as its round is for are inside at once, and nobody else is let into that
 *     round; it lets go only who has entered.
 * BARRIER-CHECK-2: who is told that all have left finds nobody inside who has not at least asked to leave, or cancelled its
 *     entry, or whose session lives no more.
 * BARRIER-CHECK-3: a hold with a longest time does not outlive it, in the time of the cluster, by more than the few
 *     entries over which the work of an entry may be spread.
 */
import type { Batch } from '@holdfast/engine/parts';
import type { Event } from '@holdfast/state';
import { CountDowns } from '../clients/count-down.ts';

interface Round {
  readonly parties: number;
  readonly joined: Set<string>;
  readonly inside: Set<string>;
  isOpen: boolean;
  readonly leaving: Set<string>;
}

/** Simulated nodes do one unit of work an entry: what is due at once may take several. */
const maxEntriesLate = 50;

export class Barriers {
  readonly countDowns: CountDowns;
  readonly #report: (message: string) => void;
  readonly #rounds = new Map<number, Round>();
  readonly #ended = new Set<string>();
  /** By session and request: the longest time that was asked for. */
  readonly #longestMs = new Map<string, number>();
  /** By token: when it has to be over, in the time of the cluster. */
  readonly #overAtMs = new Map<number, number>();
  /** Entries since then in which it still stood. */
  readonly #entriesLate = new Map<number, number>();
  readonly #parties: number;

  constructor(parties: number, report: (message: string) => void) {
    this.#parties = parties;
    this.#report = report;
    this.countDowns = new CountDowns(report);
  }

  // ---- what clients do --------------------------------------------------------------------------

  entered(session: string, round: number): void {
    const found = this.#rounds.get(round);
    if (found === undefined || !found.joined.has(session))
      this.#report(`${session} was let into round ${String(round)}, which it had not joined.`);
    else if (!found.isOpen)
      this.#report(`${session} was let into round ${String(round)}, which is not open.`); // BARRIER-CHECK-1
  }

  leaves(session: string, round: number): void {
    this.#rounds.get(round)?.leaving.add(session);
  }

  /** BARRIER-CHECK-2. */
  toldOver(session: string, round: number): void {
    const found = this.#rounds.get(round);
    for (const other of found?.joined ?? []) {
      if (found?.leaving.has(other) === true || this.#ended.has(other)) continue;
      this.#report(
        `${session} was told that round ${String(round)} is over while ${other} was inside.`,
      );
    }
  }

  // ---- what the cluster applies -----------------------------------------------------------------

  onApplied({ time, commands }: Batch, events: readonly Event[]): void {
    for (const { command } of commands) {
      if (command.type === 'abandon' && command.kind === 'barrier') this.#cancelled(command);
      if (command.type !== 'acquire' || command.terms?.maxHoldMs === undefined) continue;
      this.#longestMs.set(keyOf(command), command.terms.maxHoldMs);
    }
    for (const event of events) this.#onEvent(event, time);
    for (const [token, overAtMs] of this.#overAtMs) {
      if (overAtMs >= time) continue;
      const entriesLate = (this.#entriesLate.get(token) ?? 0) + 1;
      this.#entriesLate.set(token, entriesLate);
      if (entriesLate <= maxEntriesLate) continue;
      this.#overAtMs.delete(token);
      this.#report(`The hold with token ${String(token)} outlived its longest time.`); // BARRIER-CHECK-3
    }
  }

  #onEvent(event: Event, time: number): void {
    this.countDowns.onEvent(event);
    if (event.type === 'session_ended') this.#ended.add(event.sessionId);
    else if (event.type === 'barrier_joined') this.#onJoined(event);
    else if (event.type === 'barrier_left')
      this.#rounds.get(event.round)?.inside.delete(event.sessionId);
    else if (event.type === 'barrier_opened') this.#onOpened(event);
    else if (event.type === 'hold_ended') {
      this.#overAtMs.delete(event.fenceToken);
      this.#entriesLate.delete(event.fenceToken);
    } else if (event.type === 'granted') {
      const longestMs = this.#longestMs.get(keyOf(event));
      if (longestMs !== undefined) this.#overAtMs.set(event.fenceToken, time + longestMs);
    }
  }

  /** Who cancelled the wait for its answer was let in meanwhile, and asks to be let out by that. */
  #cancelled({ sessionId }: { readonly sessionId: string }): void {
    for (const { joined, leaving } of this.#rounds.values())
      if (joined.has(sessionId)) leaving.add(sessionId);
  }

  #onJoined({ round, sessionId }: { readonly round: number; readonly sessionId: string }): void {
    let found = this.#rounds.get(round);
    if (found === undefined) {
      const [joined, inside, leaving] = [new Set<string>(), new Set<string>(), new Set<string>()];
      found = { parties: this.#parties, joined, inside, leaving, isOpen: false };
      this.#rounds.set(round, found);
    }
    if (found.isOpen)
      this.#report(`${sessionId} came into round ${String(round)}, which was open by then.`); // BARRIER-CHECK-1
    found.joined.add(sessionId);
    found.inside.add(sessionId);
  }

  /** BARRIER-CHECK-1. */
  #onOpened({ round }: { readonly round: number }): void {
    const found = this.#rounds.get(round);
    if (found === undefined || found.inside.size !== found.parties)
      this.#report(
        `Round ${String(round)} opened with ${String(found?.inside.size ?? 0)} of ${String(this.#parties)} inside.`,
      );
    if (found !== undefined) found.isOpen = true;
  }
}

const keyOf = (of: { readonly sessionId: string; readonly requestId: string | number }): string =>
  `${of.sessionId} ${String(of.requestId)}`;

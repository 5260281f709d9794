/**
 * Judges a run by what its workers wrote down and by what the cluster says at the end.
 *
 * RECORD-1: no two workers counted on the same lock at once. A worker counts on it from the acknowledged
 *     grant until it asks for the release or is told that the hold is lost.
 * RECORD-2: in order of holding, the fence tokens of a lock strictly rise, and no token is given twice
 *     anywhere.
 * RECORD-3: what was acknowledged still stands: a release of an acknowledged hold is never refused, a session
 *     that nobody ended lives, a hold that was not given back is there under its token, one that
 *     was given back is gone, and the cluster's counter moved by one for every acknowledged grant and
 *     by no more than the unanswered ones on top.
 */
import type { JournalEntry } from './journal.ts';

/** What the cluster says after all workers have come to rest. */
export interface FinalState {
  /** The cluster's grant counter before the first worker began. */
  readonly fenceCounterBefore: number;
  readonly fenceCounterAfter: number;
  /** Ids of those sessions of the workers that the cluster still knows. */
  readonly standingSessions: ReadonlySet<string>;
  readonly standingHolds: readonly {
    readonly resource: string;
    readonly sessionId: string;
    readonly fenceToken: number;
  }[];
}

export type RuleName = 'one_holder' | 'tokens_rise' | 'nothing_lost';

export interface RuleVerdict {
  readonly rule: RuleName;
  readonly holds: boolean;
  /** How many facts were looked at; a rule that looked at nothing has not been tested. */
  readonly checked: number;
  /** All that were found. */
  readonly violationCount: number;
  /** The first of them, in words. */
  readonly violations: readonly string[];
}

export interface RunVerdict {
  /** Every rule holds and each has looked at something. */
  readonly holds: boolean;
  readonly rules: readonly RuleVerdict[];
}

const shownViolations = 10;

class Finding {
  readonly rule: RuleName;
  checked = 0;
  violationCount = 0;
  readonly violations: string[] = [];

  constructor(rule: RuleName) {
    this.rule = rule;
  }

  violation(text: string): void {
    this.violationCount += 1;
    if (this.violations.length < shownViolations) this.violations.push(text);
  }

  verdict(): RuleVerdict {
    const { rule, checked, violationCount, violations } = this;
    return {
      rule,
      holds: violationCount === 0 && checked > 0,
      checked,
      violationCount,
      violations,
    };
  }
}

/** @returns what holds of RECORD-1 to RECORD-3; never throws on bad records, they are violations. */
export function checkRecords(entries: readonly JournalEntry[], final: FinalState): RunVerdict {
  const rules = [
    checkOneHolder(entries),
    checkTokens(entries),
    checkNothingLost(entries, final),
  ].map((finding) => finding.verdict());
  return { holds: rules.every((rule) => rule.holds), rules };
}

/** RECORD-1. */
function checkOneHolder(entries: readonly JournalEntry[]): Finding {
  const finding = new Finding('one_holder');
  const holders = new Map<string, Map<number, string>>();
  for (const entry of entries) {
    if (entry.type === 'granted') {
      finding.checked += 1;
      const present = mapEntry(holders, entry.resource, () => new Map<number, string>());
      for (const [token, worker] of present) {
        finding.violation(
          `${entry.worker} was given ${entry.resource} (token ${String(entry.fenceToken)}) while ${worker} still held it (token ${String(token)}).`,
        );
      }
      present.set(entry.fenceToken, entry.worker);
    } else if (entry.type === 'release_begun' || entry.type === 'hold_lost') {
      holders.get(entry.resource)?.delete(entry.fenceToken);
    }
  }
  return finding;
}

/** RECORD-2. */
function checkTokens(entries: readonly JournalEntry[]): Finding {
  const finding = new Finding('tokens_rise');
  const lastToken = new Map<string, number>();
  const owners = new Map<number, string>();
  for (const entry of entries) {
    if (entry.type !== 'granted') continue;
    const { fenceToken, resource, worker } = entry;
    finding.checked += 1;
    if (!Number.isSafeInteger(fenceToken) || fenceToken < 1) {
      finding.violation(`${worker} was given ${resource} with ${String(fenceToken)} as a token.`);
      continue;
    }
    const last = lastToken.get(resource);
    if (last !== undefined && fenceToken <= last) {
      finding.violation(
        `${resource} was given to ${worker} with token ${String(fenceToken)} after token ${String(last)}.`,
      );
    }
    const owner = owners.get(fenceToken);
    if (owner !== undefined) {
      finding.violation(
        `Token ${String(fenceToken)} was given to ${worker} for ${resource}, and before to ${owner}.`,
      );
    }
    owners.set(fenceToken, `${worker} for ${resource}`);
    lastToken.set(resource, Math.max(last ?? 0, fenceToken));
  }
  return finding;
}

interface AcknowledgedHold {
  readonly worker: string;
  readonly sessionId: string;
  readonly resource: string;
  readonly fenceToken: number;
  fate: 'held' | 'released' | 'unknown';
}

/** RECORD-3. */
function checkNothingLost(entries: readonly JournalEntry[], final: FinalState): Finding {
  const finding = new Finding('nothing_lost');
  const holds = new Map<number, AcknowledgedHold>();
  const sessions = new Map<string, string>();
  let unansweredCount = 0;
  for (const entry of entries) {
    switch (entry.type) {
      case 'session_opened':
        finding.checked += 1;
        sessions.set(entry.sessionId, entry.worker);
        break;
      case 'session_lost':
        finding.violation(
          `The session of ${entry.worker} was lost (${entry.code}) although it was kept alive.`,
        );
        sessions.delete(entry.sessionId);
        break;
      case 'granted':
        finding.checked += 1;
        holds.set(entry.fenceToken, { ...entry, fate: 'held' });
        break;
      case 'unanswered':
        unansweredCount += 1;
        break;
      case 'released':
      case 'release_failed':
      case 'hold_lost':
        judgeEnd(entry, holds, finding);
        break;
      case 'acquire_begun':
      case 'refused':
      case 'release_begun':
        break;
    }
  }
  compareSessions(sessions, final, finding);
  compareHolds(holds, final, finding);
  compareCounter(holds, unansweredCount, final, finding);
  return finding;
}

/** Codes that leave it open whether the release was executed. */
const openOutcomes: ReadonlySet<string> = new Set([
  'outcome_unknown',
  'connection_lost',
  'deadline_exceeded',
  'no_quorum',
  'not_leader',
  'shutting_down',
  'overloaded',
  'cancelled',
]);

function judgeEnd(
  entry: Extract<JournalEntry, { type: 'released' | 'release_failed' | 'hold_lost' }>,
  holds: ReadonlyMap<number, AcknowledgedHold>,
  finding: Finding,
): void {
  finding.checked += 1;
  const hold = holds.get(entry.fenceToken);
  const what = `${entry.resource} with token ${String(entry.fenceToken)}`;
  if (hold === undefined || hold.resource !== entry.resource || hold.worker !== entry.worker) {
    finding.violation(`${entry.worker} gave back ${what}, which it was never given.`);
    return;
  }
  if (entry.type === 'released') {
    hold.fate = 'released';
  } else if (entry.type === 'hold_lost') {
    hold.fate = 'unknown';
    finding.violation(`${entry.worker} was told that it lost ${what}.`);
  } else {
    hold.fate = 'unknown';
    if (!openOutcomes.has(entry.code)) {
      finding.violation(
        `The release of ${what} by ${entry.worker} was refused with ${entry.code}: the cluster forgot the grant.`,
      );
    }
  }
}

function compareSessions(
  sessions: ReadonlyMap<string, string>,
  final: FinalState,
  finding: Finding,
): void {
  for (const [sessionId, worker] of sessions) {
    if (!final.standingSessions.has(sessionId)) {
      finding.violation(`The session ${sessionId} of ${worker} is gone, and nobody ended it.`);
    }
  }
}

function compareHolds(
  holds: ReadonlyMap<number, AcknowledgedHold>,
  final: FinalState,
  finding: Finding,
): void {
  const standing = new Map(final.standingHolds.map((hold) => [hold.fenceToken, hold]));
  for (const hold of holds.values()) {
    const found = standing.get(hold.fenceToken);
    const what = `${hold.resource} with token ${String(hold.fenceToken)} of ${hold.worker}`;
    if (hold.fate === 'held') {
      if (found?.resource !== hold.resource || found.sessionId !== hold.sessionId) {
        finding.violation(`The hold of ${what} was acknowledged, never given back, and is gone.`);
      }
    } else if (hold.fate === 'released' && found !== undefined) {
      finding.violation(`The hold of ${what} stands although its release was acknowledged.`);
    }
  }
}

function compareCounter(
  holds: ReadonlyMap<number, AcknowledgedHold>,
  unansweredCount: number,
  final: FinalState,
  finding: Finding,
): void {
  const { fenceCounterBefore, fenceCounterAfter } = final;
  const grants = fenceCounterAfter - fenceCounterBefore;
  finding.checked += 1;
  if (grants < holds.size) {
    finding.violation(
      `The cluster counts ${String(grants)} grants, but ${String(holds.size)} were acknowledged.`,
    );
  }
  if (grants > holds.size + unansweredCount) {
    finding.violation(
      `The cluster counts ${String(grants)} grants, but only ${String(holds.size)} were acknowledged and ${String(unansweredCount)} were left unanswered: a retry was executed twice.`,
    );
  }
  for (const token of holds.keys()) {
    if (token > fenceCounterAfter || token <= fenceCounterBefore) {
      finding.violation(
        `Token ${String(token)} is outside the counter's way from ${String(fenceCounterBefore)} to ${String(fenceCounterAfter)}.`,
      );
    }
  }
}

function mapEntry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

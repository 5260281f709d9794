/** The follower's side of replication (paper 5.3). */
import { invariant } from './invariant.ts';
import type { Core } from './core.ts';
import type { Entry, LogIndex, MemberId, Message } from './types.ts';

type Append = Extract<Message, { type: 'append' }>;

export function answerAppend(core: Core, from: MemberId, message: Append): void {
  // A snapshot and what follows it go to disk one after the other; the leader repeats what is dropped here.
  if (core.outbox.hasInstall) return;
  const { log } = core;
  let { previousIndex, entries } = message;
  if (previousIndex < core.commit) {
    // What is committed here is the same at every leader (RAFT-4): only what follows can be news.
    const skip = Math.min(entries.length, core.commit - previousIndex);
    entries = entries.slice(skip);
    previousIndex += skip;
    if (entries.length === 0) {
      accept(core, from, message, Math.max(previousIndex, core.commit));
      return;
    }
  } else if (log.termAt(previousIndex) !== message.previousTerm) {
    reject(core, from, message);
    return;
  }
  takeEntries(core, entries);
  const matchIndex = previousIndex + entries.length;
  core.advanceCommit(Math.min(message.commit, matchIndex));
  accept(core, from, message, matchIndex);
}

/** RAFT-3: keep what is there already, truncate at the first real conflict, append the rest. */
function takeEntries(core: Core, entries: readonly Entry[]): void {
  const firstNew = entries.findIndex((entry) => core.log.termAt(entry.index) !== entry.term);
  if (firstNew < 0) return;
  const fresh = firstNew === 0 ? entries : entries.slice(firstNew);
  const from = fresh[0]?.index ?? 0;
  if (from <= core.log.lastIndex) {
    invariant(
      from > core.commit,
      `RAFT-3: the leader conflicts with the committed entry ${String(from)}`,
    );
    core.log.truncateFrom(from);
    core.memberships.truncateFrom(from);
    core.outbox.writeTruncation(from);
    core.stableIndex = Math.min(core.stableIndex, from - 1);
    core.statusChanged();
  }
  core.log.append(fresh);
  core.outbox.writeEntries(fresh);
  for (const entry of fresh) {
    if (entry.kind !== 'membership') continue;
    core.adoptMembership(entry);
  }
}

function accept(core: Core, from: MemberId, message: Append, matchIndex: LogIndex): void {
  const answer = (index: LogIndex): Message => ({
    type: 'append_answer',
    term: core.term,
    probe: message.probe,
    accepted: true,
    matchIndex: index,
  });
  if (message.entries.length === 0 && core.durableTerm === core.term) {
    // A heartbeat does not wait for a slow disk; it acknowledges only what is durable already.
    core.outbox.send({ to: from, message: answer(Math.min(matchIndex, core.stableIndex)) });
    return;
  }
  core.outbox.sendWhenDurable({ to: from, message: answer(matchIndex) }, core.term);
}

function reject(core: Core, from: MemberId, message: Append): void {
  const { log } = core;
  const conflictTerm = log.termAt(message.previousIndex) ?? 0;
  const conflictIndex =
    conflictTerm === 0 ? log.lastIndex + 1 : log.firstOfTermAt(message.previousIndex);
  core.outbox.sendWhenDurable(
    {
      to: from,
      message: {
        type: 'append_answer',
        term: core.term,
        probe: message.probe,
        accepted: false,
        rejectedIndex: message.previousIndex,
        conflictTerm,
        conflictIndex: Math.min(conflictIndex, log.lastIndex + 1),
      },
    },
    core.term,
  );
}

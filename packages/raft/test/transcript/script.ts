/**
 * Transcripts: a text of commands, each a line that begins with `> `, with what comes of it below. Lines that
 * begin with `#` and empty lines are for the reader.
 */
import assert from 'node:assert/strict';
import type { MemberId, MembershipChange } from '../../src/index.ts';
import { Stage } from './stage.ts';

/** Runs the commands of a transcript and returns it as it has to be. */
export function perform(text: string): string {
  const stage = new Stage();
  const performed: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('> ')) {
      execute(stage, line.slice(2).trim());
      performed.push(line, ...stage.takeSaid().map((said) => `  ${said}`));
    } else if (line === '' || line.startsWith('#')) performed.push(line);
  }
  return performed.join('\n');
}

function execute(stage: Stage, command: string): void {
  const [verb = '', ...words] = command.split(/\s+/);
  const perform = verbs[verb];
  assert.ok(perform !== undefined, `"${verb}" is none of: ${Object.keys(verbs).join(', ')}`);
  perform(stage, words);
}

const asId = (word: string | undefined): MemberId => {
  assert.ok(word !== undefined && word !== '', 'a node is missing');
  return word as MemberId;
};

/** `a b`: from a to b; `a`: from a; nothing: all. */
const letters =
  ([from, to]: readonly string[]) =>
  (letter: { readonly from: string; readonly to: string }): boolean =>
    (from === undefined || letter.from === from) && (to === undefined || letter.to === to);

const verbs: Readonly<Record<string, (stage: Stage, words: readonly string[]) => void>> = {
  cluster: (stage, words) => {
    for (const word of words) stage.add(asId(word), words.map(asId));
    stage.takeSaid();
  },
  join: (stage, [id]) => stage.add(asId(id), []),
  tick: (stage, [id, times = '1']) => {
    for (let count = 0; count < Number(times); count++)
      stage.act(asId(id), (raft) => {
        raft.tick();
        return undefined;
      });
  },
  persist: (stage, [id]) => stage.persist(asId(id)),
  deliver: (stage, words) => void stage.deliver(letters(words)),
  repeat: (stage, [from, to]) => stage.repeat(asId(from), asId(to)),
  drop: (stage, words) => stage.drop(letters(words)),
  settle: (stage) => stage.settle(() => true),
  'settle-but': (stage, [id]) => stage.settle(({ to }) => to !== id),
  'tick-settled': (stage, [id, times]) => stage.tickSettled(asId(id), Number(times)),
  propose: (stage, [id, data = '']) =>
    stage.act(asId(id), (raft) => raft.propose(new TextEncoder().encode(data))),
  'propose-bytes': (stage, [id, count]) =>
    stage.act(asId(id), (raft) => raft.propose(new Uint8Array(Number(count)))),
  read: (stage, [id, readId]) =>
    stage.act(asId(id), (raft) => {
      raft.requestRead(Number(readId));
      return undefined;
    }),
  transfer: (stage, [id, to]) =>
    stage.act(asId(id), (raft) => raft.transferLeadership(to === undefined ? null : asId(to))),
  change: (stage, [id, type, member]) =>
    stage.act(asId(id), (raft) => raft.changeMembership(changeOf(type, asId(member)))),
  'step-down': (stage, [id]) =>
    stage.act(asId(id), (raft) => {
      raft.stepDown();
      return undefined;
    }),
  unreachable: (stage, [id, peer]) =>
    stage.act(asId(id), (raft) => {
      raft.peerUnreachable(asId(peer));
      return undefined;
    }),
  snapshot: (stage, [id, keep = '0', text = id ?? '']) =>
    stage.snapshot(asId(id), Number(keep), text),
  verify: (stage, [id, how]) => stage.verify(asId(id), how === 'damaged'),
  crash: (stage, [id]) => stage.crash(asId(id)),
  start: (stage, [id]) => stage.start(asId(id)),
  status: (stage, words) => stage.status(words.map(asId)),
  log: (stage, [id]) => stage.log(asId(id)),
};

function changeOf(type: string | undefined, id: MemberId): MembershipChange {
  if (type === 'add') return { type: 'add_learner', id, address: id };
  if (type === 'promote' || type === 'remove') return { type, id };
  return assert.fail(`"${String(type)}" is none of: add, promote, remove`);
}

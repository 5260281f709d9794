/** Faults between nodes: who is believed to be whom, and what is taken of it. */
import type { Fault } from './fault.ts';

export const peerFaults: readonly Fault[] = [
  {
    name: 'strangers-not-answered',
    breaks: 'a member that a lagging node does not know yet never gets its vote',
    file: 'packages/engine/src/transport/tcp.ts',
    find: `if (outgoing === undefined)
      this.#incomingOf.get(to)?.write(() => encodeMessageFrame(message, to)); // TRANSPORT-4
    else outgoing`,
    put: `if (outgoing !== undefined) outgoing`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
  },
  {
    name: 'connecting-side-does-not-look',
    breaks: 'a member whose folder was lost answers on the connection that is made to it',
    file: 'packages/engine/src/transport/hello.ts',
    find: `      this.#otherFolder(hello) ??`,
    put: `      (wanted === undefined ? this.#otherFolder(hello) : undefined) ??`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
  },
  {
    name: 'frames-count-before-the-hello',
    breaks: 'what comes before both sides have shown who they are is taken',
    file: 'packages/engine/src/transport/incoming.ts',
    find: `if (!this.#reader.isEmpty)
      throw`,
    put: `if (this.#reader.isEmpty && !this.#reader.isEmpty)
      throw`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
  },
  {
    name: 'answers-count-before-the-hello',
    breaks: 'a peer that has not shown who it is answers',
    file: 'packages/engine/src/transport/outgoing.ts',
    find: `else if (this.#connected) frames.push(frame);`,
    put: `else if (this.#connected || frame.kind === frameKinds.raft) frames.push(frame);`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
  },
  {
    name: 'lost-folder-not-passed-on',
    breaks: 'a member that joined later takes the new folder of a lost one for its first',
    file: 'packages/engine/src/transport/hello.ts',
    find: `this.#knownPeers.learn(peer, hello['knownPeers']);`,
    put: ``,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
  },
  {
    name: 'large-frame-sent-all-the-same',
    breaks: 'a frame too large is sent, refused and sent again, for ever',
    file: 'packages/engine/src/transport/frames.ts',
    find: `if (5 + bodyBytes > maxFrameBytes)`,
    put: `if (5 + bodyBytes > 2 ** 31)`,
    hiddenFromRuns: 'it takes a frame of more than the largest size',
  },
  {
    name: 'refused-and-tried-at-once',
    breaks: 'a peer that broke the protocol is connected to again without a pause',
    file: 'packages/engine/src/transport/outgoing.ts',
    find: `this.#connected = false;
    this.#retryMs = maxRetryMs; // TRANSPORT-5`,
    put: `this.#connected = false;`,
  },
  {
    name: 'frames-of-one-turn-not-counted',
    breaks: 'what is sent to a peer in one turn is not bounded',
    file: 'packages/engine/src/transport/outgoing.ts',
    find: `socket.writableLength + gatheredBytes <=`,
    put: `socket.writableLength <=`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
    test: 'packages/engine/test/unit/tcp.test.ts',
  },
  {
    name: 'levels-of-strangers-kept',
    breaks: 'who says hello under ever new names takes memory for ever',
    file: 'packages/engine/src/transport/supported-levels.ts',
    find: `    if (this.#isPeer(peer)) this`,
    put: `    if (this.#isPeer(peer) || level > 0) this`,
    hiddenFromRuns: 'runs have connections of their own in the place of TCP',
    test: 'packages/engine/test/unit/supported-levels.test.ts',
  },
  {
    name: 'part-beyond-the-end-taken',
    breaks: 'a part of a snapshot that lies beyond its end is written',
    file: 'packages/engine/src/transport/messages.ts',
    find: `if (offset + byteLength > meta.byteLength)`,
    put: `if (offset + byteLength > meta.byteLength + meta.index)`,
  },
  {
    name: 'snapshot-of-no-bytes-taken',
    breaks: 'one message of a peer stops the node: it offers a snapshot without any bytes',
    file: 'packages/engine/src/transport/messages.ts',
    find: `    isCount(meta['byteLength']) &&
    meta['byteLength'] > 0 &&`,
    put: `    isCount(meta['byteLength']) &&`,
  },
  {
    name: 'any-term-taken',
    breaks: 'one message carries the term so far that nobody can count on: no leader ever again',
    file: 'packages/engine/src/transport/messages.ts',
    find: `const maxTerm = Math.min(ownTerm + maxTermStep, largestTerm);`,
    put: `const maxTerm = Math.max(ownTerm + maxTermStep, Number.MAX_SAFE_INTEGER);`,
  },
  {
    name: 'members-in-an-unknown-form-taken',
    breaks:
      'a node takes an entry of the members into its log that it cannot read, and stops for good',
    file: 'packages/engine/src/transport/append-frames.ts',
    find: `if (kind === 'membership' && !isMembershipEntry(data))`,
    put: `if (kind === 'membership' && data.byteLength === 0)`,
  },
  {
    name: 'numbers-of-appends-not-checked',
    breaks: 'an index or a term that is no whole number reaches the core, which stops the node',
    file: 'packages/engine/src/transport/append-frames.ts',
    find: `if (!isCount(value)) throw`,
    put: `if (Number.isNaN(value)) throw`,
  },
  {
    name: 'term-of-an-append-not-checked',
    breaks: 'one append carries the term so far that nobody can count on: no leader ever again',
    file: 'packages/engine/src/transport/append-frames.ts',
    find: `  checkTerm(type, term);
  const previousIndex`,
    put: `  const previousIndex`,
  },
  {
    name: 'stranger-leads',
    breaks: 'a node follows whoever knows its name: one message takes the leader away',
    file: 'packages/engine/src/transport/strangers.ts',
    find: `        return this.mayLead(from) ? message : undefined;`,
    put: `        return message;`,
  },
  {
    name: 'stranger-deposes',
    breaks: 'whoever knows a name unseats the leader with a campaign that nobody asked for',
    file: 'packages/engine/src/transport/strangers.ts',
    find: `        return { ...message, transfer: false };`,
    put: `        return message;`,
  },
  {
    name: 'lost-file-of-peers-made-anew',
    breaks: 'a node that forgot whom it had met lets a member vote that lost its folder',
    file: 'packages/engine/src/peer-files.ts',
    find: `    if (!existsSync(path)) throw new PeersForgottenError(path, what);`,
    put: `    if (!existsSync(path)) writeDurably(folder, name, what.slice(0, 0) + '{}');`,
    test: 'packages/engine/test/unit/peer-files.test.ts',
  },
  {
    name: 'empty-word-taken-for-no-file',
    breaks: 'a file of known peers whose text became null is begun anew in silence',
    file: 'packages/engine/src/known-peers.ts',
    find: `    const found = read === undefined ? {} : read;`,
    put: `    const found = read ?? {};`,
    test: 'packages/engine/test/unit/known-peers.test.ts',
  },
  {
    name: 'latest-processes-taken-for-no-file',
    breaks: 'a file of the processes that count whose text became null is begun anew in silence',
    file: 'packages/engine/src/peer-runs.ts',
    find: `  const found = read === undefined ? {} : read;`,
    put: `  const found = read ?? {};`,
    test: 'packages/engine/test/unit/copies.test.ts',
  },
  {
    name: 'files-of-peers-not-recorded',
    breaks:
      'nothing says that the files of peers were made: one that is lost is begun anew in silence',
    file: 'packages/engine/src/peer-files.ts',
    find: `  return { ...identity, peersMade: true };`,
    put: `  return identity;`,
    test: 'packages/engine/test/unit/peer-files.test.ts',
  },
  {
    name: 'stranger-remembered',
    breaks: 'who is no member is written down for good, and keeps out a later member of its name',
    file: 'packages/engine/src/known-peers.ts',
    find: `    if (this.#knowledge.isKnownMember(id)) this.#remember`,
    put: `    this.#remember`,
  },
  {
    name: 'strangers-word-taken',
    breaks: 'who is no member tells in which folders the members are, and keeps them out',
    file: 'packages/engine/src/known-peers.ts',
    find: `if (!isKnownMember(from) || !isRecordOfTexts(told)) return;`,
    put: `if (!isRecordOfTexts(told)) return;`,
  },
  {
    name: 'hello-too-large-to-be-taken',
    breaks: 'a node that knows many says a hello that every peer refuses',
    file: 'packages/engine/src/known-peers.ts',
    find: `      if (bytes > maxToldBytes) break;
`,
    put: ``,
  },
  {
    name: 'silent-connections-unbounded',
    breaks: 'who says nothing holds as many connections as there are',
    file: 'packages/engine/src/transport/incoming-connections.ts',
    find: `if (ofAddress.length > maxUnmetPerAddress) ofAddress[0]?.[0].destroy();
    else if`,
    put: `if`,
  },
  {
    name: 'strangers-keep-members-out',
    breaks: 'where there are too many strangers, the newcomer goes, which is the member',
    file: 'packages/engine/src/transport/incoming-connections.ts',
    find: `ofAddress[0]?.[0].destroy();`,
    put: `ofAddress.at(-1)?.[0].destroy();`,
    test: 'packages/engine/test/unit/strangers.test.ts',
  },
  {
    name: 'answer-to-a-former-process-taken',
    breaks:
      'a member that was started again takes what its former process asked for as the answer to its own call',
    file: 'packages/engine/src/transport/peer-calls.ts',
    find: `else if (run !== this.#options.run)`,
    put: `else if (run === '')`,
    test: 'packages/engine/test/unit/restarted-caller.test.ts',
  },
  {
    name: 'work-named-by-number-alone',
    breaks:
      'the end of a call of a former process forgets the one under the same number of the present one',
    file: 'packages/engine/src/transport/peer-calls.ts',
    find: `\`\${peer}/\${run}/\${String(id)}\``,
    put: `\`\${peer}/\${String(id)}\` + (run === '' ? run : '')`,
    test: 'packages/engine/test/unit/restarted-caller.test.ts',
  },
  {
    name: 'entries-that-keep-what-came-with-them',
    breaks:
      'an entry of the log keeps the memory of all that came on the same connection before and behind it',
    file: 'packages/engine/src/transport/append-frames.ts',
    find: `byteLength >= leastOwnBytes && 2 * byteLength >= buffer.byteLength`,
    put: `byteLength >= leastOwnBytes`,
    hiddenFromRuns: 'it costs memory alone',
    test: 'packages/engine/test/unit/append-frames.test.ts',
  },
  {
    name: 'entries-copied-for-each-member',
    breaks:
      'a leader copies each entry for each member, and the collector stops it for that memory',
    file: 'packages/engine/src/transport/frames.ts',
    find: `  return [head, ...parts];`,
    put: `  return [Buffer.concat([head, ...parts])];`,
    hiddenFromRuns: 'it costs time alone',
    test: 'packages/engine/test/unit/append-frames.test.ts',
  },
];

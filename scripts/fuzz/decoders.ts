/**
 * What reads bytes by itself: frames of peers, logs, snapshots, batches, configuration, keys. Whatever comes, it is read or refused
 * with the error that is declared for that, within a bounded time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSecretOf, newKey, readKey } from '../../packages/api/src/pipeline/api-keys.ts';
import { BatchFormatError, decodeBatch, encodeBatch } from '../../packages/engine/src/batch.ts';
import {
  encodeJsonFrame,
  FrameError,
  FrameReader,
  frameKinds,
} from '../../packages/engine/src/transport/frames.ts';
import { decodeMessage, encodeMessageFrame } from '../../packages/engine/src/transport/messages.ts';
import { readLine, sealed } from '../../packages/server/src/audit/lines.ts';
import {
  ConfigurationError,
  loadConfiguration,
} from '../../packages/server/src/configuration/load.ts';
import { StorageDamagedError } from '../../packages/storage/src/index.ts';
import { fill, LogInMemory, segmentPath } from '../../packages/storage/test/log-in-memory.ts';
import { snapshotTargets } from './snapshots.ts';
import { refusing } from './target.ts';
import type { Target } from './target.ts';

const append = {
  type: 'append',
  term: 3,
  previousIndex: 7,
  previousTerm: 2,
  entries: [{ index: 8, term: 3, kind: 'command', data: Buffer.from('abc') }],
  commit: 6,
  probe: 11,
} as const;

const peerFrames: Target = {
  name: 'peer-frames',
  seeds: () => [
    Buffer.concat([
      encodeMessageFrame(append),
      encodeMessageFrame({ type: 'vote', term: 2, lastIndex: 1, lastTerm: 1, transfer: true }),
    ]),
    encodeJsonFrame(frameKinds.hello, { version: 2, cluster_id: 'c', node_id: 'n1' }),
  ],
  run: (input) =>
    refusing([FrameError], () => {
      const reader = new FrameReader();
      for (let at = 0; at < input.length; at += 7)
        for (const { body } of reader.push(input.subarray(at, at + 7))) decodeMessage(body, 1);
    }),
};

/** As they are inside a frame whose checksum is right. */
const peerMessages: Target = {
  name: 'peer-messages',
  seeds: () => [
    encodeMessageFrame(append).subarray(9),
    encodeMessageFrame({
      type: 'append_answer',
      term: 9,
      probe: 0,
      accepted: true,
      matchIndex: 1,
    }).subarray(9),
  ],
  run: (input) => refusing([FrameError], () => decodeMessage(input, 1)),
};

const acquire = {
  type: 'acquire',
  sessionId: 's',
  requestId: 1,
  name: 'x',
  mode: 'exclusive',
  waitMs: 0,
  acquiredAtMs: 1,
};

const batches: Target = {
  name: 'batches',
  seeds: () => [
    Buffer.from(
      encodeBatch({
        time: 5,
        wallMs: 7,
        commands: [{ identity: 'reports', proof: 'key k', command: acquire }],
      }),
    ),
    Buffer.from(
      encodeBatch({
        time: 5,
        commands: [{ identity: 'a', command: { type: 'set_audit', isOn: true } }],
      }),
    ),
  ],
  // What is no JSON is no batch of this cluster: the node stops all the same.
  run: (input) => refusing([BatchFormatError, SyntaxError], () => decodeBatch(input)),
};

const logs: Target = {
  name: 'logs',
  async seeds() {
    const log = new LogInMemory();
    await fill(await log.open(), 1, 30);
    return [Buffer.from(log.files.bytes(segmentPath(1)))];
  },
  async run(input) {
    const log = new LogInMemory();
    await fill(await log.open(), 1, 30);
    log.files.endProcess({ below: () => 0 });
    log.files.put(segmentPath(1), input);
    try {
      const opened = await log.open();
      const entries = opened.recovered?.entries ?? [];
      // What it gives out is what was written, from the first on.
      for (const [at, { index, data }] of entries.entries()) {
        const isRight = new TextDecoder().decode(data) === `entry ${String(index)}`;
        if (!isRight || (at > 0 && index !== (entries[at - 1]?.index ?? 0) + 1))
          throw new Error(`entry ${String(index)} is not what was written`);
      }
    } catch (error) {
      if (!(error instanceof StorageDamagedError) && !/Log(?:Missing|Damaged)/.test(String(error)))
        throw error;
    }
  },
};

const configurations: Target = {
  name: 'configurations',
  atOnce: 4,
  seeds: () => [
    Buffer.from(
      'cluster:\n  node_id: n1\n  peers: ["n2=h:1", "n3=[::1]:7000"]\n  listen: 127.0.0.1:7000\nhttp:\n  port: 8080\n',
    ),
    Buffer.from(
      'limits:\n  max_sessions: 10\naudit:\n  on_failure: fail_open\nsecurity:\n  authentication: required\n',
    ),
  ],
  run(input) {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'));
    try {
      writeFileSync(join(folder, 'c.yaml'), input);
      refusing([ConfigurationError], () => loadConfiguration({ file: join(folder, 'c.yaml') }));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const known = newKey();

const apiKeys: Target = {
  name: 'api-keys',
  seeds: () => [Buffer.from(known.text), Buffer.from(newKey().text)],
  run(input) {
    const text = input.toString('latin1');
    const read = readKey(text);
    if (read === undefined || text === known.text) return;
    // Base64url of 32 bytes has two bits that are in no byte: such a text is another secret all the same.
    if (isSecretOf(read.secret, known.hash)) {
      // The secret may have underscores of its own.
      if (read.secret !== readKey(known.text)?.secret)
        throw new Error(`${text} was taken for the key`);
    }
  },
};

const auditLines: Target = {
  name: 'audit-lines',
  seeds: () => [
    Buffer.from(sealed({ seq: 0, head: '0'.repeat(64) }, { operation: 'acquire' }).line),
  ],
  run: (input) => readLine(input.toString('utf8')),
};

export const decoders: readonly Target[] = [
  peerFrames,
  peerMessages,
  batches,
  ...snapshotTargets,
  logs,
  configurations,
  apiKeys,
  auditLines,
];

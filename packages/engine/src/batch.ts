/**
 * A batch: the commands of one event-loop turn, as the data of one log entry.
 *
 * JSON, with the two commands of the hot path as tuples: they are most of the log, and a tuple is
 * half the bytes and half the parsing of an object. The first element is the format version.
 *
 * Invariant B1: decode(encode(batch)) equals batch. A leader applies the objects it was given while
 * followers apply what they decode; anything lost on the way would split the state.
 */
import type { Command, Envelope, FenceToken, ResourceName, SessionId } from '@holdfast/state';

/** 2: commands of more primitives than locks and semaphores. */
const formatVersion = 2;
const readableVersions: ReadonlySet<unknown> = new Set([1, 2]);

export interface Batch {
  /** Cluster time in ms. */
  readonly time: number;
  readonly commands: readonly Envelope[];
}

type OwnSession = NonNullable<Extract<Command, { type: 'acquire' }>['ownSession']>;
type AcquireTuple = readonly [
  'a',
  string,
  number | string,
  string,
  0 | 1,
  number,
  number,
  OwnSession?,
];
type ReleaseTuple = readonly ['r', string, string, number | null, number | string | null];
type EncodedCommand = AcquireTuple | ReleaseTuple | Command;
/** Identity null is `anonymous`; answeredBelow null is absent. */
type EncodedEnvelope = readonly [EncodedCommand, string | null, number | null, repeated?: 1];
/** What is read of one; `joinBatch` writes it. */
type EncodedBatch = readonly [version: number, time: number, commands: readonly EncodedEnvelope[]];

function encodeCommand(command: Command): EncodedCommand {
  // One with terms goes as it is: they are rare, and a tuple that may end early is easily misread.
  if (command.type === 'acquire' && command.terms === undefined) {
    const { sessionId, requestId, name, mode, waitMs, acquiredAtMs, ownSession } = command;
    const modeCode = mode === 'shared' ? 1 : 0;
    return ownSession === undefined
      ? ['a', sessionId, requestId, name, modeCode, waitMs, acquiredAtMs]
      : ['a', sessionId, requestId, name, modeCode, waitMs, acquiredAtMs, ownSession];
  }
  if (command.type === 'release') {
    return [
      'r',
      command.sessionId,
      command.name,
      command.fenceToken ?? null,
      command.requestId ?? null,
    ];
  }
  return command;
}

function decodeCommand(encoded: EncodedCommand): Command {
  if (!Array.isArray(encoded)) {
    const command = encoded as Command;
    if (typeof command.type !== 'string') throw new BatchFormatError('a command has no type');
    return command;
  }
  const tuple = encoded as AcquireTuple | ReleaseTuple;
  if (tuple[0] === 'a') {
    const own = tuple[7];
    return {
      type: 'acquire',
      sessionId: tuple[1] as SessionId,
      requestId: tuple[2],
      name: tuple[3] as ResourceName,
      mode: tuple[4] === 1 ? 'shared' : 'exclusive',
      waitMs: tuple[5],
      acquiredAtMs: tuple[6],
      ...(own === undefined ? {} : { ownSession: own }),
    };
  }
  if (tuple[0] === 'r') {
    return {
      type: 'release',
      sessionId: tuple[1] as SessionId,
      name: tuple[2] as ResourceName,
      ...(tuple[3] === null ? {} : { fenceToken: tuple[3] as FenceToken }),
      ...(tuple[4] === null ? {} : { requestId: tuple[4] }),
    };
  }
  throw new BatchFormatError(`unknown command tuple ${JSON.stringify(tuple[0])}`);
}

/** The entry was written by a newer version, or is not a batch: the node must stop. */
export class BatchFormatError extends Error {
  override readonly name: string = 'BatchFormatError';
  constructor(detail: string) {
    super(
      `A log entry cannot be read: ${detail}. Run the version of Holdfast that wrote it, or newer.`,
    );
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One command as it stands in a batch: commands are encoded as they come, for a batch is cut by bytes. */
export function encodeEnvelope({ command, identity, answeredBelow, repeated }: Envelope): string {
  const encoded: EncodedEnvelope = [
    encodeCommand(command),
    identity === 'anonymous' ? null : identity,
    answeredBelow ?? null,
  ];
  return JSON.stringify(repeated === true ? [...encoded, 1] : encoded);
}

/** Texts up to this length are not measured. */
const measuredFrom = 1024;

/**
 * Bytes that an encoded command takes in a batch, or up to three times as many for a short one (UTF-8
 * makes at most three of one UTF-16 unit): to measure each would cost more than it gains.
 */
export function encodedBytes(encoded: string): number {
  return 1 + (encoded.length <= measuredFrom ? 3 * encoded.length : Buffer.byteLength(encoded));
}

/** A batch of commands that are encoded already. */
export function joinBatch(time: number, encoded: readonly string[]): Uint8Array {
  return encoder.encode(
    `[${String(formatVersion)},${JSON.stringify(time)},[${encoded.join(',')}]]`,
  );
}

export function encodeBatch({ time, commands }: Batch): Uint8Array {
  return joinBatch(time, commands.map(encodeEnvelope));
}

export function decodeBatch(data: Uint8Array): Batch {
  const parsed: unknown = JSON.parse(decoder.decode(data));
  if (!Array.isArray(parsed)) throw new BatchFormatError('it is not a batch');
  const [version, time, commands] = parsed as unknown as EncodedBatch;
  if (!readableVersions.has(version))
    throw new BatchFormatError(`format version ${String(version)}`);
  if (typeof time !== 'number' || !Array.isArray(commands)) {
    throw new BatchFormatError('it is not a batch');
  }
  return {
    time,
    commands: (commands as readonly EncodedEnvelope[]).map(
      ([command, identity, answeredBelow, repeated]) => ({
        identity: identity === null ? 'anonymous' : identity,
        command: decodeCommand(command),
        ...(answeredBelow === null ? {} : { answeredBelow }),
        ...(repeated === 1 ? { repeated: true } : {}),
      }),
    ),
  };
}

/**
 * A batch: the commands of one event-loop turn, as the data of one log entry.
 *
 * JSON, with the two commands of the hot path as tuples: they are most of the log, and a tuple is
 * half the bytes and half the parsing of an object. The first element is the format version.
 *
 * BATCH-1: decode(encode(batch)) equals batch. A leader applies the objects it was given while followers apply what
 *     they decode; anything lost on the way would split the state.
 * BATCH-2: so a batch of which this program does not know a part is not read at all (FEATURE-3 of the state).
 */
import { callerLevel, latestFeatureLevel, unknownPart, unorderedNamesLevel } from '@holdfast/state';
import type { Command, Envelope, FenceToken, ResourceName, SessionId } from '@holdfast/state';
import type { Writable } from './call-options.ts';

/** 2: commands of more primitives than locks and semaphores. */
const formatVersion = 2;
const readableVersions: ReadonlySet<unknown> = new Set([1, 2]);

export interface Batch {
  /** Cluster time in ms. */
  readonly time: number;
  readonly commands: readonly Envelope[];
  /** Wall clock of the leader that proposed it, whole ms since 1970: for people. From feature level 2 on. */
  readonly wallMs?: number;
}

type AcquireCommand = Extract<Command, { type: 'acquire' }>;
type ReleaseCommand = Extract<Command, { type: 'release' }>;
type ImplicitSession = NonNullable<AcquireCommand['ownSession']>;
type AcquireTuple = readonly [
  'a',
  string,
  number | string,
  string,
  0 | 1,
  number,
  number,
  ImplicitSession?,
];
type ReleaseTuple = readonly ['r', string, string, number | null, number | string | null];
type EncodedCommand = AcquireTuple | ReleaseTuple | Command;
/** Of the caller; null is absent. The identity is apart from them. */
type EncodedCaller = readonly [
  proof: string | null,
  address: string | null,
  authorizedAt?: number | null,
  isAdministrator?: 0 | 1,
  askedAt?: number,
];
/** Identity null is `anonymous`; ackedBelow null is absent. A caller stands there from feature level 2 on. */
type EncodedEnvelope = readonly [
  command: EncodedCommand,
  identity: string | null,
  ackedBelow: number | null,
  repeated?: 0 | 1,
  caller?: EncodedCaller,
];
const envelopeLength = 5;
const batchLength = 4;
const callerLengths = [2, 3, 4, 5];
const acquireLengths = [7, 8];
const releaseLength = 5;
/** What is read of one; `joinBatch` writes it. */
type EncodedBatch = readonly [
  version: number,
  time: number,
  commands: readonly EncodedEnvelope[],
  wallMs?: number,
];

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

/** BATCH-2. */
function assertKnown(command: Command, level: number): Command {
  const unknown = unknownPart(command, level);
  if (unknown !== undefined) throw BatchFormatError.unknown(unknown);
  return command;
}

function decodeCommand(encoded: EncodedCommand, level: number): Command {
  if (typeof encoded !== 'object' || encoded === null)
    throw BatchFormatError.unknown('what is no command');
  if (!Array.isArray(encoded)) return assertKnown(encoded as Command, level);
  const tuple = encoded as AcquireTuple | ReleaseTuple;
  if (tuple[0] === 'a') {
    const isKnown = acquireLengths.includes(tuple.length) && (tuple[4] === 0 || tuple[4] === 1);
    if (!isKnown) throw BatchFormatError.unknown('a field of an acquire');
    const acquire = acquireOf(tuple);
    return tuple.length === acquireLengths[0] ? acquire : assertKnown(acquire, level);
  }
  if (tuple[0] === 'r') {
    if (tuple.length !== releaseLength) throw BatchFormatError.unknown('a field of a release');
    const release: Writable<ReleaseCommand> = {
      type: 'release',
      sessionId: tuple[1] as SessionId,
      name: tuple[2] as ResourceName,
    };
    if (tuple[3] !== null) release.fenceToken = tuple[3] as FenceToken;
    if (tuple[4] !== null) release.requestId = tuple[4];
    return release;
  }
  throw BatchFormatError.unknown(`a command tuple ${JSON.stringify(tuple[0])}`);
}

function acquireOf(tuple: AcquireTuple): Command {
  const own = tuple[7];
  const acquire: Writable<AcquireCommand> = {
    type: 'acquire',
    sessionId: tuple[1] as SessionId,
    requestId: tuple[2],
    name: tuple[3] as ResourceName,
    mode: tuple[4] === 1 ? 'shared' : 'exclusive',
    waitMs: tuple[5],
    acquiredAtMs: tuple[6],
  };
  if (own !== undefined) acquire.ownSession = own;
  return acquire;
}

/** The entry was written by a newer version, or is not a batch: the node must stop. */
export class BatchFormatError extends Error {
  override readonly name: string = 'BatchFormatError';
  constructor(detail: string) {
    super(
      `A log entry cannot be read: ${detail}. Run the version of Holdfast that wrote it, or newer.`,
    );
  }

  /** It tells something that this version has no word for. */
  static unknown(part: string): BatchFormatError {
    return new BatchFormatError(
      `it has ${part}, which this version does not know; ignored, it would make this node's state another one`,
    );
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One command as it stands in a batch: commands are encoded as they come, for a batch is cut by bytes. */
export function encodeEnvelope(envelope: Envelope): string {
  const { identity, ackedBelow, repeated } = envelope;
  const command = encodeCommand(envelope.command);
  const who = identity === 'anonymous' ? null : identity;
  const acked = ackedBelow ?? null;
  const again = repeated === true ? 1 : 0;
  const caller = encodeCaller(envelope);
  let encoded: EncodedEnvelope;
  if (caller !== undefined) encoded = [command, who, acked, again, caller];
  else encoded = again === 1 ? [command, who, acked, again] : [command, who, acked];
  return JSON.stringify(encoded);
}

function encodeCaller({
  proof,
  address,
  authorizedAt,
  isAdministrator,
  askedAt,
}: Envelope): EncodedCaller | undefined {
  const administrator = isAdministrator === true ? 1 : 0;
  if (askedAt !== undefined)
    return [proof ?? null, address ?? null, authorizedAt ?? null, administrator, askedAt];
  if (administrator === 1) return [proof ?? null, address ?? null, authorizedAt ?? null, 1];
  if (authorizedAt !== undefined) return [proof ?? null, address ?? null, authorizedAt];
  if (proof === undefined && address === undefined) return undefined;
  return [proof ?? null, address ?? null];
}

/** By index and field by field, here and below: a follower spends much of its time in it (compare `tellCaller`). */
function decodeCaller(to: Writable<Envelope>, caller: EncodedCaller, level: number): void {
  if (!Array.isArray(caller)) throw new BatchFormatError('who asked for a command is no list');
  const told = caller as EncodedCaller;
  const proof = told[0];
  const address = told[1];
  const authorizedAt = told[2] ?? null;
  const administrator = told[3];
  const askedAt = told[4];
  const isKnown =
    level >= callerLevel &&
    callerLengths.includes(caller.length) &&
    (administrator === undefined ||
      administrator === 1 ||
      (administrator === 0 && askedAt !== undefined)) &&
    (askedAt === undefined || (level >= unorderedNamesLevel && Number.isSafeInteger(askedAt))) &&
    (authorizedAt === null || Number.isSafeInteger(authorizedAt));
  if (!isKnown) throw BatchFormatError.unknown('a field of the caller of a command');
  if (proof !== null) to.proof = proof;
  if (address !== null) to.address = address;
  if (authorizedAt !== null) to.authorizedAt = authorizedAt;
  if (administrator === 1) to.isAdministrator = true;
  if (askedAt !== undefined) to.askedAt = askedAt;
}

function decodeEnvelope(encoded: EncodedEnvelope, level: number): Envelope {
  if (!Array.isArray(encoded)) throw new BatchFormatError('one of its commands is no list');
  const told = encoded as EncodedEnvelope;
  const identity = told[1];
  const ackedBelow = told[2];
  const repeated = told[3];
  const caller = told[4];
  if (encoded.length > envelopeLength) throw BatchFormatError.unknown('a field beside a command');
  if (repeated !== undefined && repeated !== 0 && repeated !== 1)
    throw BatchFormatError.unknown('a kind of repetition');
  const envelope: Writable<Envelope> = {
    identity: identity === null ? 'anonymous' : identity,
    command: decodeCommand(told[0], level),
  };
  if (caller !== undefined) decodeCaller(envelope, caller, level);
  if (ackedBelow !== null) envelope.ackedBelow = ackedBelow;
  if (repeated === 1) envelope.repeated = true;
  return envelope;
}

/** A batch of so many bytes is long. */
const longFrom = 64 * 1024;
/** Texts up to this length are not measured. */
const measuredFrom = 1024;

/**
 * Bytes that an encoded command takes in a batch, or up to three times as many for a short one (UTF-8
 * makes at most three of one UTF-16 unit): to measure each would cost more than it gains.
 */
export function encodedBytes(encoded: string): number {
  return 1 + (encoded.length <= measuredFrom ? 3 * encoded.length : Buffer.byteLength(encoded));
}

/**
 * A batch of commands that are encoded already.
 *
 * @param commandBytes Of the commands, or more, as `encodedBytes` tells them: a long batch is not put together as a text before (FRAME-5).
 */
export function joinBatch(
  time: number,
  encoded: readonly string[],
  wallMs?: number,
  commandBytes = 0,
): Uint8Array {
  const head = `[${String(formatVersion)},${JSON.stringify(time)},[`;
  const tail = wallMs === undefined ? ']]' : `],${String(wallMs)}]`;
  if (commandBytes < longFrom) return encoder.encode(`${head}${encoded.join(',')}${tail}`);
  const bytes = Buffer.allocUnsafeSlow(head.length + commandBytes + tail.length);
  let end = bytes.write(head);
  for (const [place, command] of encoded.entries()) {
    if (place > 0) end += bytes.write(',', end);
    end += bytes.write(command, end);
  }
  end += bytes.write(tail, end);
  const batch = new Uint8Array(bytes.buffer, bytes.byteOffset, end);
  // Short commands are counted up to three times: what is not used is not kept with the entry.
  return 4 * end >= 3 * bytes.byteLength ? batch : batch.slice();
}

export function encodeBatch({ time, commands, wallMs }: Batch): Uint8Array {
  return joinBatch(time, commands.map(encodeEnvelope), wallMs);
}

/**
 * @param level The highest feature level that the program supports: what belongs to higher ones it does not know.
 * @throws BatchFormatError
 */
export function decodeBatch(data: Uint8Array, level: number = latestFeatureLevel): Batch {
  const parsed: unknown = JSON.parse(decoder.decode(data));
  if (!Array.isArray(parsed)) throw new BatchFormatError('it is not a batch');
  const [version, time, commands, wallMs] = parsed as unknown as EncodedBatch;
  if (!readableVersions.has(version))
    throw new BatchFormatError(`format version ${String(version)}`);
  if (typeof time !== 'number' || !Array.isArray(commands)) {
    throw new BatchFormatError('it is not a batch');
  }
  const mayHaveWall = level >= callerLevel && Number.isSafeInteger(wallMs ?? 0);
  if (parsed.length > batchLength || (wallMs !== undefined && !mayHaveWall))
    throw BatchFormatError.unknown('a field beside its commands');
  return {
    ...(wallMs === undefined ? {} : { wallMs }),
    time,
    commands: (commands as readonly EncodedEnvelope[]).map((one) => decodeEnvelope(one, level)),
  };
}

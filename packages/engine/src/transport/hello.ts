/**
 * How two nodes show each other who they are, at the beginning of every connection: the connecting
 * side sends its hello, the accepting side checks it and answers with its own, the connecting side
 * checks that. One round trip, once a connection.
 *
 * HELLO-1: nothing that comes in counts, and nothing goes out, before the other side has shown cluster,
 *     member and incarnation. Both sides check: a member whose folder was lost must get no vote and
 *     give none (IDENTITY-1 of `identity.ts`), whoever of the two made the connection.
 * HELLO-2: what comes before the other side is accepted is one frame of at most `maxHelloBytes`, within
 *     `handshakeTimeoutMs`, and whatever it holds, the worst that follows is a refusal.
 * HELLO-3: one that the own log does not name is not told whom this node knows, and leaves no trace but
 *     its connection (KNOWN-1 of `known-peers.ts`).
 */
import { readToldEndpoint } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import { FeatureLevelError } from '../feature-levels.ts';
import type { FeatureLevels } from '../feature-levels.ts';
import type { Identity } from '../identity.ts';
import type { KnownPeers } from '../known-peers.ts';
import { encodeJsonFrame, FrameError, frameKinds, parseObject } from './frames.ts';
import type { Frame } from './frames.ts';
import { differentMembers, toldMembers } from './initial-members.ts';
import type { InitialMembers } from './initial-members.ts';
import { differentLevels, levelsToTell, toldLevels } from './peer-levels.ts';
import type { ToldLevels } from './peer-levels.ts';
import { isIncarnation, isPeerId } from './peer-names.ts';
import { unproven } from './peer-sockets.ts';
import type { PeerRuns } from '../peer-runs.ts';
import { readRuns } from './run-names.ts';
import type { Run } from './run-names.ts';
import { maxStartsAhead } from './run-names.ts';
import { laterCounted, runRefusal } from './run-refusal.ts';
import type { Refuser } from './run-refusal.ts';
import type { PeerKnowledge } from './types.ts';

/** 2: the hello is mutual. */
const protocolVersion = 2;
/** Of a URL that browsers and servers take. */
const maxUrlLength = 2048;
/** A peer's process may be paused for a while (a pause of the machine, a slow disk on first contact). */
export const handshakeTimeoutMs = 5000;

/** What a node tells of this start of it. */
export interface SelfDescription {
  readonly clientUrl: string;
  /** Where peers reach it (`PeerAddresses`); empty: nowhere. */
  readonly address: string;
  /** The processes on its folder, this one last. */
  readonly runs: readonly Run[];
}

interface Hello extends SelfDescription, InitialMembers, ToldLevels {
  readonly takesPart: boolean;
  readonly version: number;
  readonly clusterId: string;
  readonly from: string;
  readonly to: string;
  readonly incarnation: string;
  /** Incarnations of members that the sender has met (`KnownPeers.learn`). */
  readonly knownPeers: Readonly<Record<string, string>>;
}

/** What a peer tells of itself that may be talked to. */
export interface Introduced {
  readonly peer: MemberId;
  readonly clientUrl: string;
  /** Not looked at yet. */
  readonly said: { readonly address: unknown; readonly starts: number };
  readonly run: Run;
  /** Those on its folder, itself last. */
  readonly runs: readonly Run[];
  /** It has been let in by its peers, and may have voted (PROB-1 of `probation.ts`). */
  readonly takesPart: boolean;
  /** The highest feature level of its program. */
  readonly supportedLevel: number;
}

export type Introduction =
  | ({ readonly ok: true } & Introduced)
  | {
      readonly ok: false;
      /** Who it says it is, for the log. */
      readonly from: string;
      /** For both sides to read: what does not fit, and what to do. */
      readonly reason: string;
      /** On account of another process of the same member: it has to stop (RUN-5). */
      readonly stops?: true;
    };

export interface IntroductionsOptions {
  readonly identity: Identity;
  readonly knownPeers: KnownPeers;
  readonly self: SelfDescription;
  readonly knowledge: PeerKnowledge;
  readonly runs: PeerRuns;
  /** Whether this node does. */
  readonly takesPart: () => boolean;
  readonly levels: () => FeatureLevels;
  /** A member tells that this program is too old for the cluster (FEATURE-4). */
  readonly onTooOld: (error: FeatureLevelError) => void;
}

export class Introductions {
  readonly #identity: Identity;
  readonly #knownPeers: KnownPeers;
  readonly #self: SelfDescription;
  readonly #knowledge: PeerKnowledge;
  readonly #peerRuns: PeerRuns;
  readonly #takesPart: () => boolean;
  readonly #levels: () => FeatureLevels;
  readonly #onTooOld: (error: FeatureLevelError) => void;

  constructor(options: IntroductionsOptions) {
    this.#identity = options.identity;
    this.#knownPeers = options.knownPeers;
    this.#self = options.self;
    this.#knowledge = options.knowledge;
    this.#peerRuns = options.runs;
    this.#takesPart = options.takesPart;
    this.#levels = options.levels;
    this.#onTooOld = options.onTooOld;
  }

  get identity(): Identity {
    return this.#identity;
  }

  get ownRun(): Run {
    return this.#self.runs.at(-1) ?? { starts: 0, run: '' };
  }

  /** Whether this refusal is of a member (RUN-5). `by` is who was looked for, or has shown who it is. */
  isOfMember({ clusterId, from, incarnation }: Refuser, by: MemberId): boolean {
    return (
      clusterId === this.#identity.clusterId &&
      from === by &&
      this.#knowledge.isKnownMember(by) &&
      this.#knownPeers.accepts(by, incarnation)
    );
  }

  helloFor(peer: MemberId): Buffer {
    const hello: Hello = {
      version: protocolVersion,
      clusterId: this.#identity.clusterId,
      from: this.#identity.nodeId,
      to: peer,
      incarnation: this.#identity.incarnation,
      ...this.#self,
      takesPart: this.#takesPart(),
      ...levelsToTell(this.#levels()),
      ...this.#initialMembers(),
      knownPeers: this.#knowledge.isKnownMember(peer) ? this.#knownPeers.toTell() : {}, // HELLO-3
    };
    return encodeJsonFrame(frameKinds.hello, hello, peer);
  }

  /**
   * Whether the one that sent this frame may be talked to (HELLO-1), once the new one that it may be is `remembered`.
   *
   * @param wanted The member that this node has connected to; undefined on the accepting side.
   * @param proven The names that the connection proves (PEER-1).
   */
  check(
    frame: Frame,
    wanted: MemberId | undefined,
    proven: readonly string[] | undefined,
  ): Introduction {
    let hello: Readonly<Record<string, unknown>>;
    try {
      if (frame.kind !== frameKinds.hello) throw new FrameError('the first frame is no hello');
      hello = parseObject(frame.body.toString('utf8'), 'hello');
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      return { ok: false, from: '', reason: `The remote side is not a Holdfast peer: ${problem}.` };
    }
    const from = shown(hello['from']);
    const reason =
      this.#mismatch(hello, wanted, proven) ??
      this.#otherMembers(hello) ??
      this.#otherFolder(hello) ??
      this.#otherLevel(hello);
    if (reason !== undefined) return { ok: false, from, reason };
    const peer = hello['from'] as MemberId;
    const runs = readRuns(hello['runs']) ?? [];
    const run = runs.at(-1);
    const { takesPart } = hello;
    if (run === undefined || typeof takesPart !== 'boolean')
      return { ok: false, from, reason: `The hello of node "${from}" does not name its start.` };
    const latest = this.#peerRuns.laterThan(peer, runs); // RUN-1
    if (latest !== undefined) {
      const text = laterCounted(from, run, latest, this.#identity.nodeId);
      return { ok: false, from, reason: text, stops: true };
    }
    if (run.starts > this.#peerRuns.latestStarts(peer) + maxStartsAhead) {
      const reason = `Node "${from}" says that this is start ${String(run.starts)} of it, which cannot be.`;
      return { ok: false, from, reason };
    }
    this.#knownPeers.learn(peer, hello['knownPeers']);
    const said = { address: hello['address'], starts: run.starts };
    const clientUrl = toldUrl(hello['clientUrl']);
    const { supported: supportedLevel } = toldLevels(hello);
    return { ok: true, peer, clientUrl, said, run, runs, takesPart, supportedLevel };
  }

  /** Undefined: the disk has all that was told by hellos so far. Rejects with `DiskError` where it refuses it (KNOWN-4). */
  remembered(): Promise<void> | undefined {
    return this.#knownPeers.durable();
  }

  #mismatch(
    hello: Readonly<Record<string, unknown>>,
    wanted: MemberId | undefined,
    proven: readonly string[] | undefined,
  ): string | undefined {
    const { nodeId, clusterId } = this.#identity;
    const from = shown(hello['from']);
    if (hello['version'] !== protocolVersion) {
      return (
        `Node "${from}" speaks version ${shown(hello['version'])} of the protocol between peers, ` +
        `node "${nodeId}" version ${String(protocolVersion)}. Run the same release of Holdfast on all members.`
      );
    }
    if (hello['clusterId'] !== clusterId) {
      return (
        `Node "${from}" belongs to cluster "${shown(hello['clusterId'])}", node "${nodeId}" to cluster ` +
        `"${clusterId}". Check the peer addresses.`
      );
    }
    if (!isPeerId(hello['from'])) return 'A hello does not say which node it is from.';
    const problem = unproven(hello['from'], proven);
    if (problem !== undefined) return problem;
    if (hello['to'] !== nodeId) {
      return (
        `Node "${from}" looks for node "${shown(hello['to'])}", and this is node "${nodeId}". ` +
        `Check the peer addresses.`
      );
    }
    if (hello['from'] === nodeId) {
      return `Node "${nodeId}" was met by another one of the same id, or by itself. Check the peer addresses.`;
    }
    if (wanted !== undefined && hello['from'] !== wanted) {
      return (
        `Node "${nodeId}" looks for node "${wanted}", and node "${from}" is there. ` +
        `Check the peer addresses.`
      );
    }
    if (!isIncarnation(hello['incarnation']))
      return `The hello of node "${from}" does not name its data folder.`;
    return undefined;
  }

  #initialMembers(): InitialMembers {
    const { joined, initialMembers } = this.#identity;
    return {
      initialMembers: joined ? [] : initialMembers.map(({ id }) => id),
      othersInLog: this.#knowledge.namesOthers(),
    };
  }

  /** HELLO-4. */
  #otherMembers(hello: Readonly<Record<string, unknown>>): string | undefined {
    const from = shown(hello['from']);
    const told = toldMembers(hello);
    if (told === undefined) return `The hello of node "${from}" does not tell its initial members.`;
    return differentMembers([this.#identity.nodeId, this.#initialMembers()], [from, told]);
  }

  /** FEATURE-4. */
  #otherLevel(hello: Readonly<Record<string, unknown>>): string | undefined {
    const [own, told] = [this.#levels(), toldLevels(hello)];
    const { from } = hello;
    if (told.inForce > own.supported && this.#knowledge.isKnownMember(from as MemberId))
      this.#onTooOld(new FeatureLevelError(told.inForce, own.supported));
    return differentLevels(
      { node: this.#identity.nodeId, levels: own },
      { node: shown(from), levels: told },
    );
  }

  /** IDENTITY-1. */
  #otherFolder(hello: Readonly<Record<string, unknown>>): string | undefined {
    const { from, incarnation } = hello as {
      readonly from: MemberId;
      readonly incarnation: string;
    };
    if (this.#knownPeers.accepts(from, incarnation)) return undefined;
    return (
      `Node "${shown(from)}" came back with another data folder, so what it had acknowledged is lost, ` +
      `and node "${this.#identity.nodeId}" refuses it. Remove this member, and add it again as a learner ` +
      `under a new id and with an empty folder.`
    );
  }
}

/** @param stops Who refuses, where the other one has to stop (RUN-5). */
export function encodeRefusal(reason: string, stops?: Identity): Buffer {
  return encodeJsonFrame(
    frameKinds.refused,
    stops === undefined ? reason : runRefusal(stops, reason),
  );
}

/** The text of a refusal, whatever was sent as one. */
export function refusalText({ body }: Frame): string {
  const text = body.toString('utf8', 0, 4000);
  try {
    const parsed: unknown = JSON.parse(text);
    const { text: told } = Object(parsed) as { readonly text?: unknown };
    return typeof parsed === 'string' ? parsed : typeof told === 'string' ? told : text;
  } catch {
    return text;
  }
}

/**
 * What a peer told of where clients reach it, to be told on; empty where it told nothing that leads a client there.
 */
function toldUrl(value: unknown): string {
  if (typeof value !== 'string' || value.length > maxUrlLength) return '';
  const read = readToldEndpoint(value);
  return read.ok ? read.endpoint.url : '';
}

/** Something from outside, for a text that people read. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'none');
  return text.slice(0, 128);
}

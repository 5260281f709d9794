/**
 * Where the members can be reached, as they said last. A cluster may move to other hosts and ports: who is a
 * member is decided by ids in the log, and an address is a hint.
 *
 * ADDR-1: whoever answers at an address has to show that it is the member meant, in the folder that was met
 *     before (HELLO-1): a wrong address costs an attempt, and never lets a frame count.
 * ADDR-2: taken is what a member has said of itself in its hello, and what members pass on of members. What
 *     was said in a later start of a member takes the place of what was said in an earlier one; what others
 *     pass on never takes the place of what this node has met itself.
 * ADDR-3: no address is dropped for another. All are tried in turn: those learned, the latest first, those
 *     of this start's configuration, that of the log.
 * ADDR-4: bounded: two for each of `maxMembers` members, those by the own log alone.
 * ADDR-5: it is kept in a file so that it outlives a restart. Without that file nothing is lost but hints. It is written
 *     in the background, and not where a member has started again at the same address: nobody would look elsewhere.
 * ADDR-6: what is passed on is of no start that cannot be (`maxStartsAhead` beyond those that are known): nothing that
 *     the member says of itself later would count.
 */
import { join } from 'node:path';
import { hostPortOf, isWildcardHost } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import type { Disk } from '@holdfast/storage/parts';
import { DurableFile } from './durable-file.ts';
import { readJson } from './identity.ts';
import { isCount } from './transport/fields.ts';
import { isPeerId } from './transport/peer-names.ts';
import { maxStartsAhead } from './transport/run-names.ts';
import type { PeerKnowledge } from './transport/types.ts';
import type { EngineLog } from './types.ts';

const fileName = 'peer-addresses.json';
/** More than a cluster ever has, old ones included. */
const maxMembers = 64;

/** What a member said of itself in one of its starts. */
export interface SaidAddress {
  /** How often its log had been opened then. */
  readonly starts: number;
  /** `host:port`. */
  readonly address: string;
}

interface Hints {
  /** By its hello. */
  readonly met?: SaidAddress;
  /** By other members. */
  readonly told?: SaidAddress;
}

export interface PeerAddressesOptions {
  readonly folder: string;
  readonly disk: Disk;
  readonly nodeId: string;
  readonly knowledge: Pick<PeerKnowledge, 'isKnownMember'>;
  /** Of the configuration of this start. */
  readonly configured: readonly { readonly id: string; readonly address: string }[];
  readonly log: EngineLog;
}

export class PeerAddresses {
  readonly #options: PeerAddressesOptions;
  readonly #configured: ReadonlyMap<string, string>;
  readonly #hints: Map<string, Hints>;
  readonly #file: DurableFile;

  constructor(options: PeerAddressesOptions) {
    this.#options = options;
    this.#file = new DurableFile(options.disk, options.folder, fileName);
    this.#configured = new Map(options.configured.map(({ id, address }) => [id, address]));
    this.#hints = new Map(readHints(options));
  }

  /** A member said it in its hello. Returns whether that is news. */
  met(id: MemberId, said: unknown): boolean {
    const address = saidAddress(said);
    if (address === undefined || !this.#options.knowledge.isKnownMember(id)) return false;
    const { told } = this.#hints.get(id) ?? {};
    const isNewer = told !== undefined && told.starts > address.starts;
    return this.#keep(id, isNewer ? { met: address, told } : { met: address });
  }

  /** A member passes on what it knows of members. Returns those of whom that is news (ADDR-2). */
  told(from: MemberId, told: unknown): readonly MemberId[] {
    const { nodeId, knowledge } = this.#options;
    const { isKnownMember } = knowledge;
    if (!isKnownMember(from) || !Array.isArray(told) || told.length > maxMembers) return [];
    const news: MemberId[] = [];
    for (const entry of told) {
      const { id } = fieldsOf(entry);
      const address = saidAddress(entry);
      if (address === undefined || !isPeerId(id) || id === nodeId) continue;
      if (!isKnownMember(id as MemberId)) continue;
      const { met, told: before } = this.#hints.get(id) ?? {};
      const newest = Math.max(met?.starts ?? 0, before?.starts ?? 0);
      if (address.starts <= newest || address.starts > newest + maxStartsAhead) continue; // ADDR-6
      if (this.#keep(id, { ...(met === undefined ? {} : { met }), told: address }))
        news.push(id as MemberId);
    }
    return news;
  }

  /** What others are to be told. */
  toTell(): readonly (SaidAddress & { readonly id: string })[] {
    return [...this.#hints].flatMap(([id, hints]) => {
      const [said] = latestFirst(hints);
      return said === undefined || !this.#options.knowledge.isKnownMember(id as MemberId)
        ? []
        : [{ id, ...said }];
    });
  }

  /** Where to look for it, in this order (ADDR-3). */
  of(id: MemberId, inLog: string): readonly string[] {
    const learned = latestFirst(this.#hints.get(id) ?? {}).map(({ address }) => address);
    return [...new Set([...learned, this.#configured.get(id) ?? inLog, inLog])];
  }

  #keep(id: MemberId | string, hints: Hints): boolean {
    const before = this.#hints.get(id);
    if (JSON.stringify(before) === JSON.stringify(hints)) return false;
    if (before === undefined && this.#hints.size >= maxMembers) this.#forgetOne();
    this.#hints.set(id, hints);
    if (placesOf(before) !== placesOf(hints)) this.#write(id);
    return true;
  }

  /** ADDR-5. */
  #write(id: string): void {
    const members = Object.fromEntries(this.#hints);
    const text = `${JSON.stringify({ formatVersion: 1, members }, null, 2)}\n`;
    this.#file.write(text).catch((error: unknown) => {
      this.#options.log.warn({ peer: id }, `The address of a peer was not kept: ${String(error)}`);
    });
  }

  /** Nothing is being written any more. */
  settled(): Promise<void> {
    return this.#file.settled();
  }

  /** One that is no member any more, else the oldest (ADDR-4). */
  #forgetOne(): void {
    const ids = [...this.#hints.keys()];
    const { isKnownMember } = this.#options.knowledge;
    const gone = ids.find((id) => !isKnownMember(id as MemberId)) ?? ids[0];
    if (gone !== undefined) this.#hints.delete(gone);
  }
}

/** Those of a later start first; of one start what was met itself. */
function latestFirst({ met, told }: Hints): readonly SaidAddress[] {
  if (met === undefined) return told === undefined ? [] : [told];
  if (told === undefined) return [met];
  return told.starts > met.starts ? [told, met] : [met, told];
}

/** What there is to read of them after a restart: where, and in which order. */
const placesOf = (hints: Hints | undefined): string =>
  JSON.stringify([hints?.met?.address, hints?.told?.address, latestFirst(hints ?? {})[0]?.address]);

/** From outside; undefined where nobody could connect to it. */
function saidAddress(value: unknown): SaidAddress | undefined {
  const { starts, address } = fieldsOf(value);
  if (!isCount(starts) || typeof address !== 'string') return undefined;
  const place = hostPortOf(address);
  if (place === undefined || place.port === 0 || isWildcardHost(place.host)) return undefined;
  return { starts, address };
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function readHints({ folder, log }: PeerAddressesOptions): readonly (readonly [string, Hints])[] {
  let found: unknown;
  try {
    found = readJson(join(folder, fileName));
  } catch (error) {
    log.warn({}, `The last addresses of peers are not known: ${String(error)}`);
  }
  const { members } = fieldsOf(found);
  return Object.entries(fieldsOf(members))
    .filter(([id]) => isPeerId(id))
    .slice(0, maxMembers)
    .map(([id, hints]) => {
      const { met, told } = fieldsOf(hints);
      const [own, others] = [saidAddress(met), saidAddress(told)];
      return [
        id,
        {
          ...(own === undefined ? {} : { met: own }),
          ...(others === undefined ? {} : { told: others }),
        },
      ] as const;
    });
}

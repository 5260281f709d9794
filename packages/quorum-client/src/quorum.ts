/** Locks without a leader, on independent voters. */
import { endpointOf, quoted, setIdOf } from '@holdfast/protocol';
import type { Endpoint } from '@holdfast/protocol';
import { systemClock } from '@holdfast/client/parts';
import type { ClientClock } from '@holdfast/client/parts';
import {
  checkEpoch,
  checkFields,
  checkList,
  checkMs,
  checkOneOf,
  checkText,
  invalid,
  longestTtlMs,
} from './arguments.ts';
import { Gates } from './gates.ts';
import { HttpTransport } from './http-transport.ts';
import { Identities } from './identities.ts';
import type { NodeTransport } from './node-transport.ts';
import { NodeVoter } from './node-voter.ts';
import { QuorumLock } from './quorum-lock.ts';
import type { QuorumLockSettings } from './quorum-lock.ts';
import { StreamTransport } from './stream-transport.ts';
import { checkTls, Wakes } from '@holdfast/client/parts';
import type { TlsSettings } from '@holdfast/client/parts';
import type { Voter } from './voter.ts';

const defaultTtlMs = 10_000;
const defaultDriftBufferMs = 500;
/** The drift buffer is never a smaller share of the ttl: clocks may run at rates that differ by half of it. */
export const smallestDriftShare = 0.02;
const defaultNodeTimeoutMs = 1000;
const longestAddress = 2048;
const longestKey = 16_384;

/** The voters, and times. */
export interface QuorumOptions {
  /**
   * `http://host:port` (or `host:port`) of 3, 5 or 7 lease nodes: all of the set, by the names by which the nodes know
   * each other. A node of another set refuses.
   */
  readonly nodes?: readonly string[];
  /** Where this program reaches a node that is not to be reached by its name: name → `http://host:port`. */
  readonly reach?: Readonly<Record<string, string>>;
  /** Other voters instead, Redis servers for example. */
  readonly voters?: readonly Voter[];
  /** How long a lease stands without a renewal, in ms. Default 10,000. */
  readonly ttlMs?: number;
  /**
   * How much earlier than its nodes a client counts a lease as over, in ms: at least 2 % of the ttl, and less
   * than all of it. Default 500, or 2 % of the ttl where that is more.
   */
  readonly driftBufferMs?: number;
  /** How long each node may take to answer, in ms. Default 1000, or half the ttl where that is less; at most the ttl. */
  readonly nodeTimeoutMs?: number;
  /** The number of the configuration, the same on all nodes. Default 1. */
  readonly epoch?: number;
  /** Where the nodes ask for one. */
  readonly apiKey?: string;
  /** Certificates of connections to `https://` nodes. Default: those that the platform trusts, and none that is shown. */
  readonly tls?: TlsSettings;
  /**
   * How nodes are asked. `stream`: over one WebSocket each, which a process keeps open until `close`.
   * `http`: a request each, where no WebSocket comes through. Default `stream`.
   */
  readonly transport?: 'stream' | 'http';
  /** Shown to people as the holder. Default: a random name. */
  readonly clientId?: string;
}

/** What the algorithm stands on; tests and simulations bring their own. */
export interface QuorumEnvironment {
  /** What leases are counted by. */
  readonly clock: ClientClock;
  /** Random, at least 122 bits: no two attempts may ever have the same. */
  readonly newId: () => string;
  /** The wall clock, in ms: in which order those stand that wait. Default: the machine's. */
  readonly wallNow?: () => number;
}

/**
 * A set of independent voters.
 *
 * @example
 * const quorum = new Quorum({ nodes: ['http://a:5001', 'http://b:5001', 'http://c:5001'] });
 * await using hold = await quorum.lock('reports/daily').acquire({ waitMs: 5000 });
 * hold.assertHeld(); // just before each step that matters
 * await store.write(report, { fenceToken: hold.fenceToken });
 */
export class Quorum {
  readonly #settings: QuorumLockSettings;
  readonly #transports: NodeTransport[] = [];

  /**
   * @param options The voters, and times.
   * @param environment Time and names; the machine's own by default.
   * @throws HoldfastError `invalid_request` for another number of voters than 3, 5 or 7, times that do not fit, or a
   *   value that is none of its kind.
   */
  constructor(
    options: QuorumOptions,
    environment: QuorumEnvironment = {
      clock: systemClock,
      newId: () => globalThis.crypto.randomUUID(),
    },
  ) {
    checkOptions(options);
    const { epoch = 1, ttlMs = defaultTtlMs } = options;
    const { driftBufferMs = Math.max(defaultDriftBufferMs, ttlMs * smallestDriftShare) } = options;
    const { nodeTimeoutMs = Math.min(defaultNodeTimeoutMs, ttlMs / 2) } = options;
    refuseForVoters(options);
    const nodes = (options.nodes ?? []).map(nodeOf);
    const urls = nodes.map(({ url }) => url);
    const set = setIdOf({ epoch, members: urls });
    const identities = new Identities();
    const voters =
      options.voters ??
      nodes.map((node) => this.#voter(node, { ...options, epoch, set, nodeTimeoutMs }, identities));
    if (new Set(voters.map(({ name }) => name)).size < voters.length)
      throw invalid('A voter is named twice, but has only one vote. Name each voter once.');
    if (![3, 5, 7].includes(voters.length))
      throw invalid(
        `A quorum has 3, 5 or 7 voters, not ${String(voters.length)}. Name all of them: nodes: ['http://a:5001', 'http://b:5001', 'http://c:5001'].`,
      );
    if (!(driftBufferMs >= ttlMs * smallestDriftShare && driftBufferMs < ttlMs))
      throw invalid(
        `A drift buffer of ${String(driftBufferMs)} ms does not fit a ttl of ${String(ttlMs)} ms: it must be at least ${String(smallestDriftShare * 100)} % of the ttl and less than the ttl.`,
      );
    if (!(nodeTimeoutMs > 0) || nodeTimeoutMs > ttlMs)
      throw invalid(
        `A node timeout of ${String(nodeTimeoutMs)} ms does not fit a ttl of ${String(ttlMs)} ms: it must be above 0 and at most the ttl.`,
      );
    this.#settings = {
      voters,
      ttlMs,
      driftBufferMs,
      nodeTimeoutMs,
      clock: environment.clock,
      gates: new Gates(environment.clock),
      wakes: new Wakes(environment.clock),
      newId: environment.newId,
      wallNow: environment.wallNow ?? Date.now,
      clientId: options.clientId ?? `client-${environment.newId().slice(0, 8)}`,
    };
  }

  /**
   * A lock by its name.
   *
   * @throws HoldfastError `invalid_request` for a name of no or more than 256 characters, or that is no well-formed text.
   */
  lock(name: string): QuorumLock {
    checkText('The name of a lock', name);
    return new QuorumLock(this.#settings, name);
  }

  /** Closes the connections to the nodes, for good. What is still held ends by itself, unless it was released before. */
  close(): void {
    for (const transport of this.#transports) transport.close();
  }

  /** The same as `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #voter(
    node: Endpoint,
    { apiKey, epoch, set, nodeTimeoutMs, reach = {}, tls, transport: kind }: NodeSettings,
    identities: Identities,
  ): Voter {
    const at = nodeOf(new Map(Object.entries(reach)).get(node.url) ?? node.url).url;
    const transport =
      kind === 'http'
        ? new HttpTransport(at, apiKey, tls)
        : new StreamTransport(at, apiKey, nodeTimeoutMs, tls);
    this.#transports.push(transport);
    return new NodeVoter(node.url, { transport, epoch, set, identities });
  }
}

interface NodeSettings extends Pick<QuorumOptions, 'apiKey' | 'reach' | 'tls' | 'transport'> {
  readonly epoch: number;
  readonly set: string;
  readonly nodeTimeoutMs: number;
}

/** @throws HoldfastError `invalid_request` */
function nodeOf(text: string): Endpoint {
  const endpoint = endpointOf(text);
  // By another path it would be the same node, and count twice.
  if (endpoint.path !== '')
    throw invalid(`A lease node is named http://host:port, without a path, not ${quoted(text)}.`);
  return endpoint;
}

/** What says how lease nodes are asked says nothing of other voters: they bring their own. */
function refuseForVoters(options: QuorumOptions): void {
  if (options.voters === undefined) return;
  for (const name of ['nodes', 'reach', 'epoch', 'apiKey', 'tls', 'transport'] as const)
    if (options[name] !== undefined)
      throw invalid(`"${name}" is for lease nodes only; voters were given. Leave it out.`);
}

/** ARGUMENT-1 of arguments.ts: each for itself; whether they fit each other is seen where they are used. */
function checkOptions(options: unknown): asserts options is QuorumOptions {
  checkFields('The options of a quorum', options);
  const { nodes, voters, ttlMs, driftBufferMs, nodeTimeoutMs, epoch, apiKey, transport, clientId } =
    options as Readonly<Record<keyof QuorumOptions, unknown>>;
  if (nodes !== undefined) {
    checkList('"nodes"', nodes);
    for (const node of nodes) checkText('The address of a node', node, longestAddress);
  }
  if (voters !== undefined) {
    checkList('"voters"', voters);
    for (const voter of voters) {
      checkFields('A voter', voter);
      checkText(
        'The name of a voter',
        (voter as Readonly<Record<string, unknown>>)['name'],
        longestAddress,
      );
    }
  }
  if (ttlMs !== undefined) checkMs('A ttl', ttlMs, { least: 1, most: longestTtlMs });
  if (driftBufferMs !== undefined) checkMs('A drift buffer', driftBufferMs);
  if (nodeTimeoutMs !== undefined) checkMs('The node timeout', nodeTimeoutMs);
  if (epoch !== undefined) checkEpoch(epoch);
  if (apiKey !== undefined) checkText('An API key', apiKey, longestKey);
  if (transport !== undefined) checkOneOf('"transport"', transport, ['stream', 'http']);
  if (clientId !== undefined) checkText('"clientId"', clientId);
  checkTls((options as { readonly tls?: unknown }).tls);
}

/** One lease node: its file, its HTTP, and, where its file was lost, its recovery until it votes. */
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import {
  endpointOf,
  formatHostPort,
  hostOnThisMachine,
  setIdOf,
  setOfNodes,
} from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import { openToOthers } from '@holdfast/storage';
import { Certificates, fetchWith, isLoopback, OwnHosts, ServerSecurity } from '@holdfast/tls';
import type { CertificateFiles, ClientCertificates, Fetch, LowestVersion } from '@holdfast/tls';
import { createApplication } from './http/application.ts';
import { OtherNode } from './http/other-node.ts';
import { SideBySide } from './http/side-by-side.ts';
import { LeaseHost } from './node/host.ts';
import type { HostClock } from './node/host-options.ts';
import { LongestLease } from './node/lease-lengths.ts';
import { LeaseNode } from './node/lease-node.ts';
import { Membership } from './node/membership.ts';
import type { StoredSet } from './node/membership.ts';
import { Recovery } from './node/recovery.ts';
import { Rejoin } from './node/rejoin.ts';
import { openStore } from './store/sqlite-store.ts';
import type { OpenedStore, SqliteLeaseStore } from './store/sqlite-store.ts';
import { ToldOnce } from './told-once.ts';

export interface LeaseNodeOptions {
  /** SQLite file. */
  readonly file: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /**
   * `http://host:port` of all other nodes of the set, as every node and client names them. Empty: the set is that of
   * the file; a new file waits to be made a member of one.
   */
  readonly peers: readonly string[];
  /** The name of this node in the set. Default: where it listens. */
  readonly advertise?: string;
  /** Names, beside its own, by which it is asked on its machine: those of a proxy there, which passes the `Host` on (HOST-2). */
  readonly allowedHosts?: readonly string[];
  /** Where this node reaches another one that is not to be reached by its name. */
  readonly reach?: (member: string) => string | undefined;
  /** The number of the configuration, the same on all nodes and clients. Default 1. */
  readonly epoch?: number;
  /** Longest ttl that is granted, in ms. Default 60,000. */
  readonly longestTtlMs?: number;
  /** The largest drift buffer of any client, in ms. Default 1000. */
  readonly driftBufferMs?: number;
  /** How many may wait for one resource here; who comes later asks again, ever more seldom. Default 20,000. */
  readonly maxWaiters?: number;
  readonly apiKey?: string;
  /** TLS for clients and other nodes, and of what this node asks others. */
  readonly tls?: LeaseNodeTls;
  /** Other machines reach it without TLS and authentication: its health says so. */
  readonly isInsecure?: boolean;
  /** A request has to arrive within this time, in ms. Default 30,000. */
  readonly requestArrivalMs?: number;
  /** Where one more connection comes, the one that has been idle for longest is closed. Default 10,000. */
  readonly maxConnections?: number;
  /** Of one address among them; 0: not limited. Default 5000. */
  readonly maxConnectionsPerAddress?: number;
  /** Acquires and waits of one address; 0: not limited, which is the default. */
  readonly maxRequestsPerSecondPerAddress?: number;
  /** Bytes of requests of one address; 0: not limited, which is the default. */
  readonly maxRequestBytesPerSecondPerAddress?: number;
  /** Of one address at a time; 0: not limited. Default 25,000, which is half of all places. */
  readonly maxWaitsPerAddress?: number;
  /** Of one address that stand on this node; 0: not limited. Default 500,000, which is half of what it keeps. */
  readonly maxLeasesPerAddress?: number;
  /** Of one address that were released lately, and are remembered; 0: not limited. Default 500,000, which is half of what it can. */
  readonly maxReleasedLeasesPerAddress?: number;
  readonly log: LeaseNodeLog;
}

export interface LeaseNodeTls {
  readonly files: CertificateFiles;
  readonly clientCertificates: ClientCertificates;
  readonly lowestVersion: LowestVersion;
  readonly handshakeTimeoutMs: number;
}

export interface LeaseNodeLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface RunningLeaseNode {
  /** Where clients on this machine reach it. */
  readonly url: string;
  /** Reads its certificates again now; undefined where there is no TLS. */
  readonly reload: (() => Promise<void>) | undefined;
  /** Whether it votes now. */
  isVoting(): boolean;
  close(): Promise<void>;
}

const maxRows = 1_000_000;
const defaultLeasesPerAddress = maxRows / 2;
/** At 90 s each: more than eleven thousand released a second. */
const maxTombstones = 1_000_000;
const defaultReleasedPerAddress = maxTombstones / 2;
/** A copy of an acquire may be on its way for so long, beside the time in which it has to arrive. */
const longestOnTheWayMs = 60_000;

const clock: HostClock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  endOfTurn(callback) {
    setImmediate(callback);
  },
};

/**
 * Starts a lease node.
 *
 * @throws Error where the file is in use or of another configuration, and where the address cannot be bound.
 */
export async function startLeaseNode(options: LeaseNodeOptions): Promise<RunningLeaseNode> {
  const { log } = options;
  const certificates =
    options.tls === undefined
      ? undefined
      : await Certificates.open({ files: options.tls.files, log });
  try {
    return await startSecured(options, certificates);
  } catch (error) {
    certificates?.close();
    throw error;
  }
}

async function startSecured(
  options: LeaseNodeOptions,
  certificates: Certificates | undefined,
): Promise<RunningLeaseNode> {
  const { file, log, tls } = options;
  const security =
    tls === undefined || certificates === undefined
      ? undefined
      : new ServerSecurity({ ...tls, certificates, log });
  const name = nameOf(options);
  const told = toldSet(name, options);
  const opened = openStore(file, told, (putAside, why) => {
    log.warn({ putAside, why }, 'The file is damaged: it is put aside and counts as lost.');
  });
  const wide = openToOthers(dirname(file), [basename(file)]);
  if (wide.length > 0)
    log.warn(
      { file },
      `Other users of this machine can use ${file}: whoever knows the id of a lease can act for its client. Close it with: chmod go-rwx ${file} ${file}-wal`,
    );
  const { set } = opened.stored;
  if (told !== undefined && set !== undefined && setIdOf(told) !== setIdOf(set))
    log.warn(
      { epoch: set.epoch, members: set.members },
      'The set was changed since: this node goes on as its file says. Correct --epoch and --peers.',
    );
  const fetchAny =
    tls === undefined || certificates === undefined
      ? fetch
      : fetchWith(certificates, tls.lowestVersion);
  const running = new RunningNode({ ...options, advertise: name, fetchAny }, opened);
  const app = createApplication({
    host: running.host,
    sideBySide: new SideBySide({
      host: running.host,
      ask: (member, wanted) => running.other(member).overview(wanted),
      now: () => clock.now(),
      wallNow: () => Date.now(),
    }),
    apiKey: options.apiKey,
    security,
    isInsecure: options.isInsecure,
    ownHosts: ownHostsOf(options, name),
    requestArrivalMs: options.requestArrivalMs,
    maxConnections: options.maxConnections,
    maxConnectionsPerAddress: options.maxConnectionsPerAddress,
    maxRequestsPerSecondPerAddress: options.maxRequestsPerSecondPerAddress,
    maxRequestBytesPerSecondPerAddress: options.maxRequestBytesPerSecondPerAddress,
    maxWaitsPerAddress: options.maxWaitsPerAddress,
    log,
    onError: (err) => log.error({ err }, 'A request failed with an internal error.'),
  });
  let url: string;
  try {
    await app.listen({ host: options.host, port: options.port });
    const { port } = app.server.address() as AddressInfo;
    url = listensAt(options, port);
  } catch (error) {
    running.end();
    throw error;
  }
  return {
    url,
    isVoting: () => running.host.voting,
    reload: certificates === undefined ? undefined : () => certificates.reload(),
    async close() {
      running.stop();
      await app.close();
      running.end();
      certificates?.close();
    },
  };
}

/** HOST-2. Undefined where everybody who reaches the port from elsewhere may do everything anyway. */
const ownHostsOf = (
  { host, allowedHosts = [], isInsecure = false }: LeaseNodeOptions,
  name: string,
): OwnHosts | undefined =>
  isInsecure && !isLoopback(host)
    ? undefined
    : new OwnHosts({
        known: [host, name, ...allowedHosts],
        // Of a node with a key no name is asked for: without it nothing is answered.
        remedy: () => 'or start the node with that name, without a port, as an --allowed-host',
      });

const listensAt = ({ host, tls }: LeaseNodeOptions, port: number): string =>
  `${tls === undefined ? 'http' : 'https'}://${formatHostPort(hostOnThisMachine(host), port)}`;

/** @throws HoldfastError `invalid_request` for what is no address. */
function nameOf(options: LeaseNodeOptions): string {
  const { advertise, port, peers } = options;
  if (advertise === undefined && port === 0 && peers.length > 0)
    throw new Error('A node on any free port has no name that others could know: give one.');
  return advertise === undefined ? listensAt(options, port) : endpointOf(advertise).url;
}

function toldSet(name: string, { peers, epoch = 1 }: LeaseNodeOptions): QuorumSet | undefined {
  return peers.length === 0 ? undefined : setOfNodes(epoch, [name, ...peers]);
}

/** The node with its file, and its way to voting in whatever set it is. */
class RunningNode {
  readonly host: LeaseHost;
  readonly #options: LeaseNodeOptions & { readonly fetchAny: Fetch };
  readonly #store: SqliteLeaseStore;
  readonly #fileId: number;
  readonly #name: string;
  readonly #told = new ToldOnce();
  readonly #longestLease: LongestLease;
  #rejoin: Rejoin | undefined;
  #stopped = false;

  constructor(
    options: LeaseNodeOptions & { readonly advertise: string; readonly fetchAny: Fetch },
    opened: OpenedStore,
  ) {
    const { longestTtlMs = 60_000, driftBufferMs = 1000, advertise, file, log } = options;
    const { store, restored, hasVoted, fileId, bootstrapSet, stored, lacksSet } = opened;
    this.#options = options;
    this.#store = store;
    this.#fileId = fileId;
    this.#name = advertise;
    const startedAtMs = clock.now();
    const rememberMs = longestOnTheWayMs + (options.requestArrivalMs ?? 30_000);
    this.#longestLease = new LongestLease({
      store,
      clock,
      opened,
      longestTtlMs,
      driftBufferMs,
      startedAtMs,
      onMarkFailed: (error) =>
        log.error({ err: error }, 'It could not be written down that longer leases are allowed.'),
    });
    const { longestMs: longestLeaseMs, raised } = this.#longestLease;
    // A file that has voted adopts its set when the others agree (SET-7); another one has nothing to lose.
    const adopts = lacksSet && hasVoted;
    if (lacksSet && !hasVoted) store.writeSet(stored);
    const hasToAsk = stored.set !== undefined && (adopts || !hasVoted);
    const recovery = hasToAsk ? this.#recovery(stored, bootstrapSet, adopts) : undefined;
    this.host = new LeaseHost({
      node: new LeaseNode({ maxRows, maxTombstones, rememberMs }, restored, startedAtMs),
      store,
      clock,
      membership: new Membership(advertise, stored),
      longestTtlMs,
      longestLeaseMs,
      ...(options.maxWaiters === undefined ? {} : { maxWaiters: options.maxWaiters }),
      maxLeasesPerAddress: options.maxLeasesPerAddress ?? defaultLeasesPerAddress,
      maxReleasedLeasesPerAddress: options.maxReleasedLeasesPerAddress ?? defaultReleasedPerAddress,
      ...(raised === undefined ? {} : { raised }),
      recovery,
      onMember: (member) => {
        this.#rejoin?.stop();
        const anew = this.#recovery(member, [], false);
        this.#ask(member, anew);
        return anew;
      },
      fileId,
      bootstrapSet,
      fresh: !hasVoted,
      onSaveFailed: (error) => {
        if (this.#told.isNew('its own file', error.message))
          log.error({ err: error }, 'Nothing can be written: no lease is granted meanwhile.');
      },
      onSaved: () => {
        if (this.#told.over('its own file')) log.info({ file }, 'The file can be written again.');
      },
    });
    if (recovery !== undefined) this.#ask(stored, recovery);
    else if (stored.set === undefined)
      log.warn({}, 'This node waits to be made a member of a set: holdfast quorum reconfigure.');
  }

  /** Another member, where this node reaches it. */
  other(member: string): OtherNode {
    const { apiKey, fetchAny, reach = () => undefined } = this.#options;
    return new OtherNode(reach(member) ?? member, apiKey, fetchAny);
  }

  /** It asks and answers no more. */
  stop(): void {
    this.#stopped = true;
    this.#rejoin?.stop();
    this.#longestLease.stop();
    this.host.close();
  }

  end(): void {
    this.stop();
    this.#store.close();
  }

  #recovery({ set, after }: StoredSet, bootstrapSet: readonly number[], adopts: boolean): Recovery {
    const { longestTtlMs = 60_000, driftBufferMs = 1000 } = this.#options;
    return new Recovery({
      others: (set?.members.length ?? 1) - 1,
      after,
      adopts,
      startedAtMs: clock.now(),
      longestTtlMs,
      driftBufferMs,
      fileId: this.#fileId,
      bootstrapSet,
    });
  }

  #ask({ set }: StoredSet, recovery: Recovery): void {
    if (set === undefined) return;
    const { log } = this.#options;
    const others = set.members.filter((member) => member !== this.#name);
    const id = setIdOf(set);
    log.warn(
      { epoch: set.epoch, others },
      recovery.adopts
        ? 'The file has no set yet: this node votes when it has asked the others.'
        : 'The file is new or lost, or of a set that begins: this node votes when it has asked the others.',
    );
    // Not before the host knows how it comes to vote.
    queueMicrotask(() => {
      if (this.#stopped) return;
      this.#rejoin = new Rejoin({
        host: this.host,
        recovery,
        clock,
        set: id,
        ask: (peer, after) => this.other(peer).tokens(after),
        propose: (peer, bootstrapSet) => this.other(peer).begin(set.epoch, id, bootstrapSet),
        others,
        onVoting: () => log.info({}, 'This node votes.'),
        onHeard: (peer) => void this.#told.over(peer),
        onError: (peer, error) => {
          const state = error instanceof Error ? error.message : String(error);
          if (this.#told.isNew(peer, state))
            log.warn({ peer, err: error }, 'It could not be asked yet.');
        },
      });
    });
  }
}

/**
 * The way to the cluster: a connection to one node at a time, and the search for another one. Which one: route.ts.
 *
 * REACH-3: while a request is unanswered, a node that says nothing, or that knows no leader, is left within a
 *     fraction of the shortest lease that is kept alive here (`silentSweepsFor`): a process that is paused
 *     keeps its connections open, and one that is cut off from its peers still answers. Counted in sweeps, not
 *     in time: a client that was itself blocked first reads what came in meanwhile. Where all that is unanswered
 *     waits there for others, the node is pinged after a quiet time (`quietSweepsFor`), and silent
 *     when it does not answer that: clients that wait cost their node a few pings a second.
 * REACH-6: another way is sought while the one that there is stays, and a node is left only for one that is there:
 *     a node that is slow, and not dead, goes on answering. Several are tried one after the other without
 *     waiting for the end of the one before, at most `maxAttempts` at a time.
 * REACH-8: requests go to nodes of one cluster alone, the first that was met: nothing is sent to a node before it
 *     has said which cluster it is of, and one of another cluster is asked nothing, then and ever after. An
 *     address leads elsewhere on another machine, and a fencing token of one cluster guards nothing of another.
 * REACH-9: what a node does not take in is bounded, also where there is no other node: a connection is lost when more of what
 *     nobody waits for any more is unsent on it than `mostUnwaitedBytes`. Its socket would keep the text of every call that has ended.
 */
import { streamUrlOf } from '@holdfast/protocol';
import type { ClusterPush, Endpoint } from '@holdfast/protocol';
import { Causes, noAnswerIn } from './causes.ts';
import type { Unreached } from './causes.ts';
import type { ClientClock } from './clock.ts';
import { helloId } from './hello.ts';
import { HttpFallback } from './http-fallback.ts';
import type { OpenSocket } from './open-socket.ts';
import { NodeLink } from './node-link.ts';
import { answersIn, clusterIn } from './messages.ts';
import { NodeRoute } from './route.ts';
import { mostSilentSweeps, quietSweepsFor, silentSweepsFor, sweepEveryMs } from './silence.ts';
import type { ClientWarning } from './client-warning.ts';

/** Of the silence that is allowed: then the node is pinged. */
const pingShare = 1 / 3;
const maxAttempts = 4;
const maxAttemptSweeps = 40;
const minBackoffMs = 20;
const maxBackoffMs = 500;
const mostUnwaitedBytes = 16 * 1024 * 1024;
/** A unit of UTF-16 takes so many bytes at most. */
const bytesOfUnit = 3;

/** How a node is reached. */
export interface Ways {
  readonly openSocket: OpenSocket;
  /** Where no WebSocket comes through; undefined: then there is no connection. */
  readonly openHttp: OpenSocket | undefined;
  /** No WebSocket is tried. */
  readonly onlyHttp?: boolean;
}

export interface ReachEvents {
  /** There is a node: what is unanswered is to be sent to it. */
  readonly onOpen: () => void;
  /** It is gone: what was sent to it has no answer. */
  readonly onLost: () => void;
  readonly onAnswer: (id: number, kind: unknown, body: unknown) => void;
  readonly onWarning: (warning: ClientWarning) => void;
  /** Whether something is unanswered. */
  readonly isWanted: () => boolean;
  /** Whether nothing is under way that cannot be sent again. */
  readonly mayMove: () => boolean;
  /** Of UTF-16, of all that is unanswered. */
  readonly unansweredUnits: () => number;
  /** The shortest lease that is kept alive here, in ms. */
  readonly shortestLeaseMs: () => number | undefined;
  /** Sends what a node answers at once. */
  readonly ping: () => void;
}

/** Longer each time, and never the same for all. */
export function backoffMs(clock: ClientClock, times: number): number {
  const longestMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(times, 5));
  return longestMs * (0.5 + clock.random() / 2);
}

/** Why another way is sought. */
type Need = 'any' | 'silent' | 'leaderless' | 'leader';

export class Reach {
  readonly #clock: ClientClock;
  readonly #ways: Ways;
  readonly #events: ReachEvents;
  readonly #route: NodeRoute;
  readonly #unreached = new Causes();
  /** Where requests go. */
  #link: NodeLink | undefined;
  /** Those that are being tried (REACH-6), the latest last. */
  readonly #attempts = new Set<NodeLink>();
  #sweepsSinceTry = 0;
  #cancelRetry: (() => void) | undefined;
  #closed = false;
  readonly #fallback = new HttpFallback();

  constructor(endpoints: readonly Endpoint[], clock: ClientClock, ways: Ways, events: ReachEvents) {
    this.#clock = clock;
    this.#ways = ways;
    this.#events = events;
    this.#route = new NodeRoute(endpoints, events.onWarning);
  }

  get cluster(): ClusterPush | undefined {
    return this.#route.cluster;
  }

  /** Why no node was reached since one was; empty where one is there. */
  get unreached(): readonly Unreached[] {
    const tried = Array.from(this.#attempts, ({ endpoint: { url }, sweeps }) => ({
      endpoint: url,
      cause: noAnswerIn(sweeps * sweepEveryMs),
    }));
    return this.isOpen ? [] : this.#unreached.allAnd(tried);
  }

  get isOpen(): boolean {
    return this.#link !== undefined;
  }

  get overHttp(): boolean {
    return this.#link?.overHttp ?? false;
  }

  send(message: string): void {
    this.#link?.send(message);
  }

  /** There is something to send. */
  want(): void {
    if (this.#link === undefined && this.#attempts.size === 0) this.#tryNext('any');
  }

  /** Time has passed while something was unanswered. */
  sweep(): void {
    this.#loseFull();
    const link = this.#link;
    link?.sweep();
    this.#ageAttempts();
    const quietSweeps = quietSweepsFor(this.#events.shortestLeaseMs());
    if (link?.isTimeToPing(this.#sweepsBeforePing(link), quietSweeps) === true) this.#events.ping();
    const need = this.#need();
    if (need === undefined) this.#dropAttempts();
    else this.#seek(need);
  }

  /** REACH-9. */
  #loseFull(): void {
    const link = this.#link;
    if (link === undefined) return;
    const waitedForBytes = this.#events.unansweredUnits() * bytesOfUnit;
    if (link.unsentBytes - waitedForBytes > mostUnwaitedBytes)
      this.#lost(link, 'it takes nothing in');
  }

  #ageAttempts(): void {
    this.#sweepsSinceTry += 1;
    for (const attempt of this.#attempts) {
      attempt.sweep();
      // One that waits for a WebSocket to be refused has answered already.
      const isWaiting = attempt.isReady && this.#isUnproven(attempt);
      if (attempt.sweeps > (isWaiting ? 3 : 1) * maxAttemptSweeps)
        this.#failed(attempt, noAnswerIn(attempt.sweeps * sweepEveryMs));
    }
  }

  /** Everything is answered. */
  rest(): void {
    this.#loseFull();
    this.#link?.rest();
    this.#ageAttempts();
    const need = this.#need();
    if (need === 'leader') this.#seek(need);
    else if (this.#link !== undefined) this.#dropAttempts();
  }

  close(): void {
    this.#closed = true;
    this.#dropAttempts();
    this.#link?.close();
  }

  /** Why another way is sought; undefined: the one that there is will do. */
  #need(): Need | undefined {
    const link = this.#link;
    if (link === undefined) return this.#events.isWanted() ? 'any' : undefined;
    if (link.silentSweeps > this.#allowedSweeps(link)) return 'silent';
    if (link.leaderlessSweeps > silentSweepsFor(this.#events.shortestLeaseMs()))
      return 'leaderless';
    return this.#better(link) === undefined ? undefined : 'leader';
  }

  /** FALLBACK-2 */
  #isUnproven({ overHttp }: NodeLink): boolean {
    return overHttp && this.#ways.onlyHttp !== true && !this.#fallback.isProven;
  }

  #better(link: NodeLink): Endpoint | undefined {
    return this.#route.better(this.#clock.now(), link.endpoint, link.told);
  }

  #sweepsBeforePing(link: NodeLink): number {
    return Math.ceil(this.#allowedSweeps(link) * pingShare);
  }

  #allowedSweeps(link: NodeLink): number {
    return link.allowedSweeps(silentSweepsFor(this.#events.shortestLeaseMs()), mostSilentSweeps);
  }

  /** REACH-6. */
  #seek(need: Need): void {
    const better = [...this.#attempts].find((attempt) => this.#isBetter(attempt));
    if (better !== undefined) this.#goOn(better);
    else if (this.#isTimeFor(need)) this.#tryNext(need);
  }

  /** Whether requests are to go on over this one. */
  #isBetter(attempt: NodeLink): boolean {
    const need = this.#need();
    const { isReady, told } = attempt;
    if (need === undefined || !isReady || this.#isUnproven(attempt)) return false;
    if (need === 'any') return true;
    // What cannot be sent again is waited for, but not for ever.
    const silentSweeps = this.#link?.silentSweeps ?? 0;
    if (silentSweeps <= mostSilentSweeps && !this.#events.mayMove()) return false;
    return need === 'silent' || (told !== undefined && meets(need, told));
  }

  #isTimeFor(need: Need): boolean {
    const isPatient =
      this.#sweepsSinceTry <= silentSweepsFor(this.#events.shortestLeaseMs()) &&
      (this.#attempts.size > 0 || need === 'leaderless');
    return !isPatient && this.#attempts.size < maxAttempts;
  }

  #tryNext(need: Need): void {
    if (this.#closed || this.#cancelRetry !== undefined) return;
    const link = this.#link;
    const busy = new Set([...this.#attempts].map(({ endpoint }) => endpoint.url));
    if (link !== undefined && need !== 'silent') busy.add(link.endpoint.url);
    const endpoint =
      need === 'leader' && link !== undefined
        ? this.#better(link)
        : this.#route.next(this.#clock.now(), busy);
    if (endpoint !== undefined && !busy.has(endpoint.url))
      this.#try(endpoint, this.#ways.onlyHttp === true || this.#fallback.isNext);
  }

  #try(endpoint: Endpoint, preferHttp: boolean): void {
    this.#sweepsSinceTry = 0;
    const { openHttp, openSocket } = this.#ways;
    const overHttp = openHttp !== undefined && preferHttp;
    const attempt = new NodeLink(
      {
        endpoint,
        overHttp,
        open: (events) =>
          overHttp ? openHttp(endpoint.url, events) : openSocket(streamUrlOf(endpoint), events),
      },
      {
        onText: (link, text) => this.#heard(link, text),
        onClosed: (link, cause) =>
          link === this.#link ? this.#lost(link, cause) : this.#failed(link, cause),
      },
    );
    this.#attempts.add(attempt);
  }

  /** From now on requests go to this node. */
  #goOn(link: NodeLink): void {
    const former = this.#link;
    this.#attempts.delete(link);
    this.#unreached.clear();
    this.#dropAttempts();
    this.#link = link;
    if (!link.overHttp) this.#fallback.streamMade();
    if (former !== undefined) {
      former.close();
      this.#route.avoid(former.endpoint, this.#clock.now());
      this.#events.onLost();
    }
    if (link.told !== undefined) this.#route.learn(link.told);
    link.rest();
    this.#events.onOpen();
  }

  /** The node is gone. @param cause Where it is known. */
  #lost(link: NodeLink, cause?: string): void {
    this.#link = undefined;
    if (cause !== undefined) this.#unreached.add(link.endpoint.url, cause);
    link.close();
    this.#route.avoid(link.endpoint, this.#clock.now());
    this.#events.onLost();
    const open = [...this.#attempts].find((one) => one.isReady && !this.#isUnproven(one));
    if (open === undefined) this.#planRetry();
    else this.#goOn(open);
  }

  /** An attempt came to nothing. */
  #failed(attempt: NodeLink, cause = 'no answer'): void {
    if (!this.#attempts.delete(attempt)) return;
    const { endpoint, isOpen, isReady, overHttp } = attempt;
    const proven = overHttp || isReady ? undefined : this.#unprovenAt(endpoint);
    if (proven !== undefined) this.#fallback.proven();
    else if (!isOpen) this.#fallback.refused();
    attempt.close();
    if (proven !== undefined && this.#isBetter(proven)) {
      this.#goOn(proven);
      return;
    }
    this.#unreached.add(endpoint.url, cause);
    this.#route.avoid(endpoint, this.#clock.now()); // ROUTE-4
    this.#planRetry();
  }

  /** A node that answers over plain HTTP, where a WebSocket is still to be refused (FALLBACK-2). */
  #unprovenAt({ url }: Endpoint): NodeLink | undefined {
    return [...this.#attempts].find(
      (one) => one.endpoint.url === url && one.isReady && this.#isUnproven(one),
    );
  }

  #planRetry(): void {
    if (this.#closed || this.#cancelRetry !== undefined) return;
    const { failures } = this.#route;
    const delayMs = failures === 0 ? 0 : backoffMs(this.#clock, failures);
    this.#cancelRetry = this.#clock.after(delayMs, () => {
      this.#cancelRetry = undefined;
      const need = this.#events.isWanted() ? this.#need() : undefined;
      if (need !== undefined) this.#seek(need);
    });
  }

  #dropAttempts(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    for (const attempt of this.#attempts) attempt.close();
    this.#attempts.clear();
  }

  #heard(link: NodeLink, text: string): void {
    link.heard(this.#allowedSweeps(link));
    const answers = answersIn(text);
    if (answers === undefined) {
      this.#drop(link, 'its message is none of a Holdfast node');
      return;
    }
    for (const [id, kind, body] of answers) {
      if (id === 0 && kind === 'cluster') {
        const wrong = this.#told(link, body);
        if (wrong !== undefined) {
          this.#drop(link, wrong);
          return;
        }
      } else if (link === this.#link) {
        if (id === helloId) continue; // KEYED-3: to know who asks is not yet to answer.
        if (id !== 0) this.#route.answered(link.endpoint);
        this.#events.onAnswer(id, kind, body);
      }
    }
  }

  /** Something else than a node of the cluster answers there. */
  #drop(link: NodeLink, cause: string): void {
    if (link === this.#link) this.#lost(link, cause);
    else this.#failed(link, cause);
  }

  /** @returns Why nothing is to be asked there. */
  #told(link: NodeLink, body: unknown): string | undefined {
    const cluster = clusterIn(body);
    if (cluster === undefined) return 'what it says of its cluster cannot be read';
    if (!this.#route.admits(link.endpoint, cluster)) return 'a node of another cluster'; // REACH-8
    link.told = cluster;
    if (link === this.#link) {
      this.#route.learn(cluster);
      if (this.#need() === 'leader') this.#seek('leader');
      return undefined;
    }
    this.#ready(link);
    return undefined;
  }

  /** Its node has said who it is: it is used, or left open, or not what was sought. */
  #ready(link: NodeLink): void {
    const need = this.#need();
    const told = link.told;
    if (this.#isUnproven(link))
      this.#try(link.endpoint, false); // FALLBACK-2
    else if (this.#link === undefined || this.#isBetter(link)) this.#goOn(link);
    else if (
      (need === 'leader' || need === 'leaderless') &&
      told !== undefined &&
      !meets(need, told)
    )
      this.#failed(link, need === 'leader' ? 'it is not the leader' : 'it knows no leader');
  }
}

/** Whether the node that told this is the one that is sought. */
const meets = (need: 'leader' | 'leaderless', { leader, node_id: nodeId }: ClusterPush): boolean =>
  need === 'leader' ? leader === nodeId : leader !== null;

/** Nodes and time as a test wants them: nothing happens unless the test lets time pass. */
import type { ClientClock } from '../src/clock.ts';
import type { Environment } from '../src/environment.ts';
import type { OpenSocket } from '../src/open-socket.ts';

type SocketEvents = Parameters<OpenSocket>[1];

export class VirtualClock implements ClientClock {
  nowMs = 1000;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  bootNow(): number {
    return this.nowMs;
  }

  random(): number {
    return 0.5;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timer after timer, each with all that follows from it. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [due] = this.#timers
        .filter(({ atMs }) => atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs);
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.callback();
    }
    this.nowMs = untilMs;
  }

  /** Lets time pass until it has settled. */
  async settled<T>(promise: Promise<T>, mostMs = 40_000): Promise<T> {
    const state = { isOver: false };
    const over = (): void => void (state.isOver = true);
    promise.then(over, over);
    for (let passedMs = 0; !state.isOver; passedMs += 10) {
      if (passedMs > mostMs) throw new Error(`Still not settled after ${String(mostMs)} ms.`);
      await this.pass(10);
    }
    return promise;
  }

  /** The client's process is paused: no timer fires meanwhile. */
  block(ms: number): void {
    this.nowMs += ms;
  }
}

export interface Asked {
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly atMs: number;
  readonly answer: (body: object) => void;
  readonly refuse: (code: string) => void;
}

interface NodeSocket {
  readonly events: SocketEvents;
  isOpen: boolean;
  isClosed: boolean;
}

/** A process of a cluster, as a client sees it. */
export class VirtualNode {
  readonly id: string;
  readonly url: string;
  readonly asked: Asked[] = [];
  /** When sockets to it were begun. */
  readonly triedAtMs: number[] = [];
  /** How long each way takes. */
  delayMs = 1;
  refuses = false;
  /** Takes connections, on the level of TCP, and says nothing: a stopped process, or a way that leads nowhere. */
  #isSilent = false;
  #held: (() => void)[] = [];
  /** Connections to it are made, by a proxy for example, and nothing that is sent over them is answered. */
  isMute = false;
  /** What it says of the cluster first; undefined: nothing. */
  greeting: object | undefined;
  handle: (asked: Asked) => void = (asked) => this.serve(asked);
  readonly #clock: VirtualClock;
  readonly #sockets = new Set<NodeSocket>();

  constructor(clock: VirtualClock, id: string) {
    this.#clock = clock;
    this.id = id;
    this.url = `http://${id}:8080`;
    this.greeting = clusterOf(this, this, []);
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  set isSilent(isSilent: boolean) {
    this.#isSilent = isSilent;
    if (!isSilent) for (const held of this.#held.splice(0)) held();
  }

  /** Connections that stand. */
  get connections(): number {
    return [...this.#sockets].filter(({ isOpen }) => isOpen).length;
  }

  open(events: SocketEvents): ReturnType<OpenSocket> {
    this.triedAtMs.push(this.#clock.nowMs);
    const socket: NodeSocket = { events, isOpen: false, isClosed: false };
    this.#sockets.add(socket);
    // There and back for the connection, and again for the WebSocket.
    this.#soon(() => {
      if (this.refuses) {
        this.#close(socket);
        return;
      }
      this.#unlessSilent(() => {
        if (socket.isClosed) return;
        socket.isOpen = true;
        events.onOpen();
        if (this.greeting !== undefined && !this.isMute)
          this.#tell(socket, [0, 'cluster', this.greeting], 0);
      });
    }, 4 * this.delayMs);
    return {
      send: (text) => this.#soon(() => this.#unlessSilent(() => this.#take(socket, text))),
      close: () => {
        socket.isOpen = false;
        socket.isClosed = true;
        this.#sockets.delete(socket);
      },
    };
  }

  push(kind: string, body: object): void {
    for (const socket of this.#sockets) this.#tell(socket, [0, kind, body]);
  }

  say(text: string): void {
    for (const socket of this.#sockets) if (socket.isOpen) socket.events.onMessage(text);
  }

  dropConnections(): void {
    for (const socket of this.#sockets) this.#close(socket);
  }

  serve({ operation, body, answer }: Asked): void {
    if (operation === 'create_session')
      answer({ session_id: 's1', client_id: 'c', timeout: body['timeout'] ?? 10 });
    else if (operation === 'acquire')
      answer({
        acquired: true,
        resource: body['name'],
        fence_token: 1,
        mode: 'exclusive',
        hold_count: 1,
      });
    else if (operation === 'campaign')
      answer({ elected: true, resource: body['name'], fence_token: 1 });
    else answer({});
  }

  askedFor(operation: string): readonly Asked[] {
    return this.asked.filter((asked) => asked.operation === operation);
  }

  #take(socket: NodeSocket, text: string): void {
    if (socket.isClosed || this.isMute) return;
    type Request = [id: number, operation: string, body: Record<string, unknown> | null];
    for (const [id, operation, body] of JSON.parse(text) as Request[]) {
      const asked: Asked = {
        operation,
        body: body ?? {},
        atMs: this.#clock.nowMs,
        answer: (answer) => this.#tell(socket, [id, 0, answer]),
        refuse: (code) => this.#tell(socket, [id, 1, { code, detail: `refused: ${code}` }]),
      };
      this.asked.push(asked);
      if (operation === 'ping') asked.answer({});
      else this.handle(asked);
    }
  }

  #tell(socket: NodeSocket, answer: readonly unknown[], afterMs = this.delayMs): void {
    this.#soon(
      () =>
        this.#unlessSilent(() => {
          if (socket.isOpen) socket.events.onMessage(JSON.stringify([answer]));
        }),
      afterMs,
    );
  }

  #close(socket: NodeSocket): void {
    if (socket.isClosed) return;
    socket.isOpen = false;
    socket.isClosed = true;
    this.#sockets.delete(socket);
    socket.events.onClose();
  }

  #soon(then: () => void, afterMs = this.delayMs): void {
    this.#clock.after(afterMs, then);
  }

  #unlessSilent(then: () => void): void {
    if (this.#isSilent) this.#held.push(then);
    else then();
  }
}

/** An environment whose addresses lead to these nodes, and to nobody else. */
export function environmentOf(clock: VirtualClock, nodes: readonly VirtualNode[]): Environment {
  let ids = 0;
  return {
    clock,
    newId: () => `id-${String(++ids)}`,
    openSocket: (url, events) => {
      const { host } = new URL(url);
      const node = nodes.find((one) => one.url === `http://${host}`);
      if (node !== undefined) return node.open(events);
      clock.after(1, events.onClose);
      return { send: () => undefined, close: () => undefined };
    },
  };
}

/** What these nodes say of their cluster. */
export const clusterOf = (
  node: VirtualNode,
  leader: VirtualNode | null,
  members: readonly VirtualNode[],
): object => ({
  cluster_id: 'virtual',
  node_id: node.id,
  leader: leader?.id ?? null,
  members: members.map(({ id, url }) => ({ node_id: id, url })),
});

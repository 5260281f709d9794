/**
 * Stands in front of one node's port, so that each directed pair can be cut or slowed by itself. Whoever
 * connects says in its first frame who it is; where it says nothing, each caller has a proxy of its own; where that is
 * not to be read, as with TLS, the proxy is told by which port it came. What is passed on is never changed.
 *
 * A cut is what a cable does: nothing arrives, nobody is told, and when it is mended what TCP still holds
 * goes on. So bytes are held back, never dropped from the middle of a stream.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { FrameReader } from '@holdfast/engine/parts';

export interface LinkRule {
  readonly cut: boolean;
  readonly delayMs: number;
}
const open: LinkRule = { cut: false, delayMs: 0 };

/** What a sender may have under way on a slow link. */
const closeRetryMs = 50;
const maxHeldBytes = 4 * 1024 * 1024;

export class ProxyLinks {
  readonly #rules = new Map<string, LinkRule>();
  readonly #pipes = new Set<Pipe>();

  ruleOf(from: string, to: string): LinkRule {
    return this.#rules.get(`${from}>${to}`) ?? open;
  }

  set(from: string, to: string, rule: Partial<LinkRule>): void {
    this.#rules.set(`${from}>${to}`, { ...open, ...rule });
    this.#wake();
  }

  mendAll(): void {
    this.#rules.clear();
    this.#wake();
  }

  #wake(): void {
    for (const pipe of this.#pipes) pipe.goOn();
  }

  /** Carries bytes from one socket to the other by the rule of the pair. */
  carry(from: string, to: string, source: Socket, target: Socket): Pipe {
    const pipe = new Pipe(() => this.ruleOf(from, to), source, target);
    this.#pipes.add(pipe);
    source.on('close', () => this.#pipes.delete(pipe));
    return pipe;
  }
}

/** One direction of one connection. */
class Pipe {
  readonly #rule: () => LinkRule;
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #held: { readonly dueMs: number; readonly bytes: Buffer }[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(rule: () => LinkRule, source: Socket, target: Socket) {
    this.#rule = rule;
    this.#source = source;
    this.#target = target;
    source.on('data', (bytes) => this.push(bytes));
  }

  push(bytes: Buffer): void {
    this.#held.push({ dueMs: performance.now() + this.#rule().delayMs, bytes });
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes > maxHeldBytes) this.#source.pause();
    this.goOn();
  }

  goOn(): void {
    clearTimeout(this.#timer);
    if (this.#rule().cut) {
      this.#source.pause();
      return;
    }
    const nowMs = performance.now();
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      if (next.dueMs > nowMs) {
        this.#timer = setTimeout(() => this.goOn(), next.dueMs - nowMs);
        break;
      }
      this.#held.shift();
      this.#heldBytes -= next.bytes.byteLength;
      if (!this.#target.destroyed) this.#target.write(next.bytes);
    }
    if (this.#heldBytes <= maxHeldBytes) this.#source.resume();
  }
}

/** Who connects: one, or whoever connects from a port (undefined: nobody that is known); undefined: the first frame says. */
export type ConnectedPeer = string | ((port: number) => string | undefined) | undefined;

export class PeerProxy {
  readonly #node: string;
  readonly #targetPort: number;
  readonly #links: ProxyLinks;
  readonly #caller: ConnectedPeer;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(node: string, targetPort: number, links: ProxyLinks, caller?: ConnectedPeer) {
    this.#node = node;
    this.#targetPort = targetPort;
    this.#links = links;
    this.#caller = caller;
  }

  async listen(): Promise<number> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    return (server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#keep(socket);
    const caller = this.#caller;
    if (caller === undefined) {
      this.#learnCaller(socket);
      return;
    }
    const from = typeof caller === 'string' ? caller : caller(socket.remotePort ?? 0);
    if (from === undefined) socket.destroy();
    else this.#pass(from, socket);
  }

  #learnCaller(socket: Socket): void {
    const reader = new FrameReader();
    const received: Buffer[] = [];
    const onData = (bytes: Buffer): void => {
      received.push(bytes);
      let from: unknown;
      try {
        const [hello] = reader.push(Buffer.from(bytes));
        if (hello === undefined) return;
        from = (JSON.parse(hello.body.toString('utf8')) as { readonly from?: unknown }).from;
      } catch {
        from = undefined;
      }
      socket.off('data', onData);
      if (typeof from === 'string') this.#pass(from, socket).push(Buffer.concat(received));
      else socket.destroy();
    };
    socket.on('data', onData);
  }

  #pass(from: string, socket: Socket): Pipe {
    const target = connect({ host: '127.0.0.1', port: this.#targetPort, noDelay: true });
    this.#keep(target);
    socket.on('close', () => this.#closeAcross(from, this.#node, target));
    target.on('close', () => this.#closeAcross(this.#node, from, socket));
    this.#links.carry(this.#node, from, target, socket);
    return this.#links.carry(from, this.#node, socket, target);
  }

  /** The end of a connection does not pass a cut either. */
  #closeAcross(from: string, to: string, other: Socket): void {
    if (!this.#links.ruleOf(from, to).cut) other.destroy();
    else if (!other.destroyed)
      setTimeout(() => this.#closeAcross(from, to, other), closeRetryMs).unref();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // 'close' follows.
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

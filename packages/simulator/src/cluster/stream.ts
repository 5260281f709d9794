/**
 * A client's stream to a node: in order and without loss while it stands, as over TCP. While the line is
 * cut, what is under way waits; it arrives when the line is whole again.
 */
import type { ServerSocket } from '@holdfast/api/parts';
import type { OpenSocket } from '@holdfast/client/parts';
import type { Machine } from '../world/machine.ts';
import type { World } from '../world/world.ts';

const connectTimeoutMs = 2000;
/** How often what waits for a cut line looks again. */
const retryMs = 20;

type ClientSocket = ReturnType<OpenSocket>;
type ClientEvents = Parameters<OpenSocket>[1];
type ServerListener = (data: Buffer, isBinary: boolean) => void;

/** What a node does with clients that connect. */
export interface Listener {
  readonly machine: Machine;
  /** Undefined: it takes no streams now. */
  readonly admit: ((socket: ServerSocket) => void) | undefined;
}

/** One direction of a stream. */
class Pipe {
  readonly #world: World;
  readonly #from: Machine;
  readonly #to: Machine;
  readonly #underWay: { readonly atMs: number; readonly arrive: () => void }[] = [];

  constructor(world: World, from: Machine, to: Machine) {
    this.#world = world;
    this.#from = from;
    this.#to = to;
  }

  push(arrive: () => void): void {
    const { network, nowMs } = this.#world;
    const lastMs = this.#underWay.at(-1)?.atMs ?? 0;
    const delayMs = network.delayMs(this.#from.name, this.#to.name);
    this.#underWay.push({ atMs: Math.max(lastMs, nowMs + delayMs), arrive });
    if (this.#underWay.length === 1) this.#planNext();
  }

  #planNext(): void {
    const next = this.#underWay[0];
    if (next !== undefined)
      this.#to.post(Math.max(0, next.atMs - this.#world.nowMs), () => this.#arriveNext());
  }

  #arriveNext(): void {
    if (this.#world.network.isCut(this.#from.name, this.#to.name)) {
      this.#to.post(retryMs, () => this.#arriveNext());
      return;
    }
    const next = this.#underWay.shift();
    this.#planNext();
    next?.arrive();
  }
}

export class SimulatedStreams {
  readonly #world: World;
  readonly #listeners: ReadonlyMap<string, Listener>;
  readonly #open = new Set<SimulatedStream>();

  constructor(world: World, listeners: ReadonlyMap<string, Listener>) {
    this.#world = world;
    this.#listeners = listeners;
  }

  /** How a client on this machine opens a stream. */
  openFrom(client: Machine): OpenSocket {
    return (url, events) => {
      const node = new URL(url).hostname;
      const stream = new SimulatedStream(this.#world, client, this.#listeners.get(node), events);
      this.#open.add(stream);
      stream.onGone = () => this.#open.delete(stream);
      return stream.clientSide;
    };
  }

  /** The process on this machine has ended: its streams are reset. */
  processEnded(machine: Machine): void {
    for (const stream of this.#open) stream.sideEnded(machine);
  }

  /** The client's machine has lost its power: nothing tells the nodes. */
  clientSilent(machine: Machine): void {
    for (const stream of this.#open) stream.clientSilent(machine);
  }
}

class SimulatedStream {
  readonly #world: World;
  readonly #client: Machine;
  readonly #server: Machine | undefined;
  readonly #events: ClientEvents;
  readonly #toServer: Pipe | undefined;
  readonly #toClient: Pipe | undefined;
  #clientOpen = true;
  #serverOpen = false;
  readonly #onMessage: ServerListener[] = [];
  readonly #onServerClose: (() => void)[] = [];
  readonly #onPong: (() => void)[] = [];
  readonly clientSide: ClientSocket;
  onGone: () => void = () => undefined;

  constructor(world: World, client: Machine, listener: Listener | undefined, events: ClientEvents) {
    this.#world = world;
    this.#client = client;
    this.#events = events;
    this.#server = listener?.machine;
    this.clientSide = {
      send: (text: string) => this.#clientSend(text),
      close: () => this.#clientClose(),
    };
    const server = this.#server;
    if (server === undefined || listener === undefined) {
      this.#refuse(world.network.delayMs());
      return;
    }
    this.#toServer = new Pipe(world, client, server);
    this.#toClient = new Pipe(world, server, client);
    const cancel = client.after(connectTimeoutMs, () => this.#closedForClient());
    if (!server.isOn || listener.admit === undefined) {
      cancel();
      this.#refuse(world.network.delayMs());
      return;
    }
    this.#toServer.push(() => {
      if (!this.#clientOpen || listener.admit === undefined) return;
      this.#serverOpen = true;
      this.#toClient?.push(() => {
        cancel();
        if (this.#clientOpen) this.#events.onOpen();
      });
      listener.admit(this.#serverSide());
    });
  }

  #refuse(delayMs: number): void {
    this.#client.post(delayMs, () => this.#closedForClient());
  }

  #serverSide(): ServerSocket {
    const isOpen = (): boolean => this.#serverOpen;
    const on = (event: 'message' | 'pong' | 'close', listener: unknown): void => {
      if (event === 'message') this.#onMessage.push(listener as ServerListener);
      else if (event === 'close') this.#onServerClose.push(listener as () => void);
      else this.#onPong.push(listener as () => void);
    };
    return {
      get readyState() {
        return isOpen() ? 1 : 3;
      },
      OPEN: 1,
      bufferedAmount: 0,
      on,
      send: (frame) =>
        this.#toClient?.push(() => this.#clientReceive(Buffer.from(frame).toString('utf8'))),
      ping: () =>
        this.#toClient?.push(() =>
          this.#toServer?.push(() => {
            for (const listener of this.#onPong) listener();
          }),
        ),
      // No turn of a run takes time.
      pause: () => undefined,
      resume: () => undefined,
      close: () => this.#serverClose(),
      terminate: () => this.#serverClose(),
    };
  }

  #clientSend(text: string): void {
    if (this.#world.tracing) this.#world.tell(this.#client.name, `> ${this.#name()}: ${text}`);
    this.#toServer?.push(() => {
      if (!this.#serverOpen) return;
      for (const listener of this.#onMessage) listener(Buffer.from(text), false);
    });
  }

  #clientReceive(text: string): void {
    if (!this.#clientOpen) return;
    if (this.#world.tracing) this.#world.tell(this.#client.name, `< ${this.#name()}: ${text}`);
    this.#events.onMessage(text);
  }

  #name(): string {
    return this.#server?.name ?? 'nobody';
  }

  /** The client goes; the node hears of it when the line carries it. */
  #clientClose(): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.#toServer?.push(() => this.#closedForServer());
    this.#client.post(0, () => this.#events.onClose());
    this.onGone();
  }

  #serverClose(): void {
    if (!this.#serverOpen) return;
    this.#toClient?.push(() => this.#closedForClient());
    this.#closedForServer();
  }

  #closedForServer(): void {
    if (!this.#serverOpen) return;
    this.#serverOpen = false;
    for (const listener of this.#onServerClose) listener();
  }

  #closedForClient(): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.#toServer?.push(() => this.#closedForServer());
    this.#events.onClose();
    this.onGone();
  }

  clientSilent(machine: Machine): void {
    if (machine !== this.#client) return;
    this.#clientOpen = false;
    this.onGone();
  }

  sideEnded(machine: Machine): void {
    if (machine === this.#client) {
      this.#clientOpen = false;
      this.#toServer?.push(() => this.#closedForServer());
      this.onGone();
    } else if (machine === this.#server) {
      this.#serverOpen = false;
      this.#toClient?.push(() => this.#closedForClient());
    }
  }
}

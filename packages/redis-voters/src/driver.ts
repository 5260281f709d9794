/** What is asked of a library that speaks to Redis: what `createClient` of node-redis makes fits. */

/** What a driver is asked for. Pass all of it on: a connection that comes back by itself, or keeps commands for later, is not safe. */
export interface RedisClientSettings {
  /** `redis://` or `rediss://`, with the user and password if there are. */
  url: string;
  /** Answers are read as those of this version of the protocol. */
  RESP: 2;
  /** A command without a connection fails. */
  disableOfflineQueue: true;
  /** No command is moved to another server. */
  maintNotifications: 'disabled';
  /** How to connect. */
  socket: {
    /** In ms. */
    connectTimeout: number;
    /** A connection that broke stays broken. */
    reconnectStrategy: false;
  };
}

/** One connection to Redis, as far as it is used. What `createClient` of node-redis makes fits. */
export interface RedisConnection {
  /** Whether commands can be sent. */
  readonly isReady: boolean;
  /** Rejects when it cannot. */
  connect(): Promise<unknown>;
  /** One command. */
  sendCommand(args: readonly string[], options?: { abortSignal?: AbortSignal }): Promise<unknown>;
  /** Resolves when messages come. */
  subscribe(
    channel: string,
    listener: (message: string, channel: string) => unknown,
  ): Promise<unknown>;
  /** No more messages. */
  unsubscribe(channel: string): Promise<unknown>;
  /** `error`: the connection is broken. */
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** At once, whatever is under way. */
  destroy(): void;
  /** A process stays for it. */
  ref(): void;
  /** A process need not stay for it. */
  unref(): void;
}

/** Makes a connection that is not open yet: `createClient` of node-redis (`redis` or `@redis/client`), version 5 or newer. */
export type CreateRedisClient = (settings: RedisClientSettings) => RedisConnection;

/** What a client stream stands on, and what it belongs to. */
import type { RawData } from 'ws';
import type { RequestTurns } from '../turns/request-turns.ts';

export const closeCodes = {
  goingAway: 1001,
  protocolError: 1002,
  invalidText: 1007,
  policyViolation: 1008,
  tooLarge: 1009,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
} as const;

/** What a stream stands on: a WebSocket of `ws`, as far as it is used. */
export interface ServerSocket {
  readonly readyState: number;
  readonly OPEN: number;
  readonly bufferedAmount: number;
  on(event: 'message', listener: (data: RawData, isBinary: boolean) => void): unknown;
  on(event: 'pong' | 'close', listener: () => void): unknown;
  send(frame: string | Uint8Array): void;
  ping(): void;
  /** What was not read yet stays where it is. */
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** What a stream asks of the server that it belongs to. */
export interface StreamHost<Connection> {
  /** Of the node, with those of other interfaces. */
  readonly turns: RequestTurns;
  readonly maxRequests: number;
  readonly maxUnreadBytes: number;
  /** Whether the node is stopping: nothing new is begun. */
  isStopping(): boolean;
  countRequests(count: number): void;
  after(delayMs: number, callback: () => void): void;
  /** Asks to be flushed at the end of this turn. */
  flushLater(connection: Connection): void;
  followSession(sessionId: string, connection: Connection): void;
  forgetSession(sessionId: string, connection: Connection): void;
  /** Asks to be told of the cluster. */
  tellCluster(connection: Connection): void;
  onInternalError(error: unknown, operation: string): void;
}

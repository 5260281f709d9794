import type { SocketEvents, StreamSocket } from '#socket';

export type OpenSocket = (url: string, events: SocketEvents) => StreamSocket;

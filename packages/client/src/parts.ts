/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The client's parts: for other clients of this project, which have a connection of their own, and for a simulator that puts
 * time and sockets of its own under them.
 */
export { momentOf, passedMs, systemClock } from './clock.ts';
export type { ClientClock, Moment } from './clock.ts';
export type { Environment } from './environment.ts';
export type { OpenSocket } from './open-socket.ts';
export { checkTls } from './tls.ts';
export { Wakes } from './wakes.ts';
export type { TlsSettings } from './tls.ts';
export { fetchWith } from '#requests';
export type { Fetch } from '#requests';
export { openSocket } from '#socket';
export type { MeasuredSocket, SocketEvents } from '#socket';

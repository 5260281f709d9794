/** The client's parts, for a simulator that puts time and sockets of its own under them. */
export type { ClientClock } from './clock.ts';
export type { Environment, OpenSocket } from './environment.ts';

export { HoldfastError } from '@holdfast/protocol';
export type { ErrorCode } from '@holdfast/protocol';
export { Client, connect } from './client.ts';
export type { ClientOptions, SessionOptions } from './client.ts';
export type { CallSettings } from './connection.ts';
export { Hold } from './hold.ts';
export type { HoldState } from './hold.ts';
export { Session } from './session.ts';
export type { LockOptions, SessionState } from './session.ts';

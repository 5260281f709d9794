/** A request that is refused, and what its refusal has to say. */
import type { ErrorCode } from '@holdfast/protocol';

export const held = 'orders';

export interface Case {
  readonly given: string;
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT';
  /** `{own}` and `{other}` are sessions; `other` holds the lock `orders` with token 1. */
  readonly url: string;
  readonly body?: object | string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly code: ErrorCode;
  readonly status: number;
  /** What the message must name. */
  readonly says?: RegExp;
  readonly details?: Readonly<Record<string, unknown>>;
}

export const longName: string = 'é'.repeat(257);
export const create = '/sessions';
export const acquire: string = `/sessions/{own}/locks/${held}`;
export const unknown = '00000000-0000-4000-8000-000000000000';

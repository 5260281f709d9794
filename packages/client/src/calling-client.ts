import type { OperationName, Operations } from '@holdfast/protocol';
import type { CallSettings } from './call-settings.ts';
import type { ClientClock } from './clock.ts';

/** What the parts of a client that make calls of their own need of it. */
export interface CallingClient {
  call<N extends OperationName>(
    operation: N,
    body: Operations[N]['body'],
    settings?: CallSettings,
  ): Promise<Operations[N]['answer']>;
  readonly clock: ClientClock;
}

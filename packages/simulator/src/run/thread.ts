/** A thread that lives the lives whose seeds it is given, one after the other. */
import { parentPort } from 'node:worker_threads';
import { lives } from './kinds.ts';
import type { LifeKind } from './kinds.ts';
import { BrokenLife, isBrokenPromise } from './life.ts';
import type { LifeResult } from './life.ts';

export type ToThread = { readonly seed: bigint; readonly kind: LifeKind };
export type FromThread =
  | { readonly type: 'lived'; readonly result: LifeResult }
  | {
      readonly type: 'broken';
      readonly seed: bigint;
      readonly message: string;
      readonly isPromise: boolean;
    };

const port = parentPort;
if (port === null) throw new Error('thread.ts runs in a worker thread only');
port.on('message', ({ seed, kind }: ToThread) => {
  lives[kind](seed).then(
    (result) => port.postMessage({ type: 'lived', result } satisfies FromThread),
    (error: unknown) => {
      const message = error instanceof BrokenLife ? error.message : String(error);
      const isPromise = isBrokenPromise(error);
      port.postMessage({ type: 'broken', seed, message, isPromise } satisfies FromThread);
    },
  );
});

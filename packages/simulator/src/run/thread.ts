/** A thread that runs the simulations whose seeds it is given, one after the other. */
import { parentPort } from 'node:worker_threads';
import { runs } from './kinds.ts';
import type { RunKind } from './kinds.ts';
import { BrokenRun, isBrokenPromise } from './broken-run.ts';
import type { RunResult } from './cluster-run.ts';

export type ToThread = { readonly seed: bigint; readonly kind: RunKind };
export type FromThread =
  | { readonly type: 'finished'; readonly result: RunResult }
  | {
      readonly type: 'broken';
      readonly seed: bigint;
      readonly message: string;
      readonly isPromise: boolean;
    };

const port = parentPort;
if (port === null) throw new Error('thread.ts runs in a worker thread only');
port.on('message', ({ seed, kind }: ToThread) => {
  runs[kind](seed).then(
    (result) => port.postMessage({ type: 'finished', result } satisfies FromThread),
    (error: unknown) => {
      const message = error instanceof BrokenRun ? error.message : String(error);
      const isPromise = isBrokenPromise(error);
      port.postMessage({ type: 'broken', seed, message, isPromise } satisfies FromThread);
    },
  );
});

/** What a lease node can be asked, the same over HTTP and over a stream; bodies are validated here, once. */
import { HoldfastError } from '@holdfast/protocol';
import type { QuorumAcquireAnswer } from '@holdfast/protocol';
import type { z } from 'zod';
import type { LeaseHost } from '../node/host.ts';
import { AcquireQueue } from './acquire-queue.ts';
import { ofOwner } from './lease-owner.ts';
import {
  acquireBody,
  beginBody,
  closeBody,
  confirmBody,
  prepareBody,
  releaseBody,
  renewBody,
  waitBody,
} from './schemas.ts';

/** Who asks. */
export interface LeaseCaller {
  /** Where that matters (LEASE-OWNER-1). */
  readonly owner?: string | undefined;
  /** The address that its leases count for (ADDRESS-LEASES-3). */
  readonly from?: string | undefined;
}

/**
 * @param gone Aborted when the caller has gone.
 * @throws HoldfastError
 */
export type LeaseOperation = (
  body: unknown,
  gone: AbortSignal,
  caller?: LeaseCaller,
) => Promise<object>;

export function operationsOf(host: LeaseHost): ReadonlyMap<string, LeaseOperation> {
  const acquireQueue = new AcquireQueue({
    now: () => performance.now(),
    afterReading: setImmediate,
  });
  const afterHolders = ordered(acquireQueue);
  return new Map([
    [
      'acquire',
      afterHolders(
        validated(acquireBody, async (body, { from }) => inWholeMs(await host.acquire(body, from))),
      ),
    ],
    ['confirm', validated(confirmBody, (body) => host.confirm(body))],
    ['renew', validated(renewBody, (body, { from }) => host.renew(body, from))],
    ['release', validated(releaseBody, (body, { from }) => host.release(body, from))],
    ['wait', afterHolders(validated(waitBody, (body, _caller, gone) => host.wait(body, gone)))],
    [
      'begin',
      validated(beginBody, async (body) => {
        host.begin(body);
        return { bootstrap_set: host.bootstrapSet };
      }),
    ],
    ['close', validated(closeBody, async (body) => host.closeSet(body))],
    ['prepare', validated(prepareBody, (body) => host.prepare(body))],
  ]);
}

/** ACQUIRE-QUEUE-1 of acquire-queue.ts. */
const ordered =
  (acquireQueue: AcquireQueue) =>
  (operation: LeaseOperation): LeaseOperation =>
  (body, gone, caller) =>
    acquireQueue.whenOthersAreDone(gone, () => operation(body, gone, caller));

/** Never below what stands. */
const inWholeMs = (answer: QuorumAcquireAnswer): QuorumAcquireAnswer =>
  answer.status === 'DENIED' ? { ...answer, remaining_ms: Math.ceil(answer.remaining_ms) } : answer;

function validated<Body extends object>(
  schema: z.ZodType<Body>,
  act: (body: Body, caller: LeaseCaller, gone: AbortSignal) => Promise<object>,
): LeaseOperation {
  // Async: what is thrown at once is a rejection too.
  return async (body, gone, caller = {}) => {
    return act(ofOwner(read(schema, body ?? {}), caller.owner), caller, gone);
  };
}

/** @param name Of the value itself, where it is no field of a body. @throws HoldfastError `invalid_request`. */
export function read<Value>(schema: z.ZodType<Value>, value: unknown, name?: string): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error, name);
}

function invalid({ issues }: z.ZodError, name?: string): HoldfastError {
  const [issue] = issues;
  const field = name ?? issue?.path.join('.') ?? '';
  const text = issue?.message ?? 'The body is not valid.';
  return new HoldfastError('invalid_request', field === '' ? text : `"${field}": ${text}`, {
    field,
  });
}

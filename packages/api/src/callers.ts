/**
 * Who a caller is, and how much of what this node has each of them may use at a time.
 *
 * CALLER-1: a caller is its identity where it has one, else its address. Of IPv6 that is the first 64 bits:
 *     the rest is chosen by whoever has the network. An IPv4 address in an IPv6 one is the IPv4 address. All whose
 *     connection had gone before it was asked for its address are one caller: nobody gets out of its limits by that.
 * CALLER-2: nobody has more than `most` of a thing. What is given back is given back once.
 * CALLER-4: where a thing is limited by address as well, an identity takes from that of its address, too: many identities in one
 *     place get no more than that. The address of who proves nothing is its caller already.
 * CALLER-3: nothing is kept of a caller that has nothing.
 */
import { networkOf } from '@holdfast/tls';
import type { ApiLimits } from './limits.ts';
import { RequestError } from './request-error.ts';

/** Of requests without authentication. */
export const anonymous = 'anonymous';

/** CALLER-1. @param address Undefined where the connection has gone. */
export function callerOf(identity: string, address: string | undefined): string {
  if (identity !== anonymous) return `identity ${identity}`;
  return address === undefined ? 'a closed connection' : networkOf(address);
}

/** As far as it matters here. */
interface WhoAsks {
  readonly identity: string;
  readonly address: string | undefined;
  readonly share: string | undefined;
}

export class PerCaller {
  readonly #limit: string;
  readonly #most: number;
  readonly #what: string;
  readonly #counts = new Map<string, number>();
  readonly #ofAddress: PerCaller | undefined;

  /**
   * @param limit Its name as in `limit_exceeded`.
   * @param what What they are, as in "has ... already".
   * @param ofAddress What all identities of one address may have together; not limited where absent.
   */
  constructor(limit: string, most: number, what: string, ofAddress?: PerCaller) {
    this.#ofAddress = ofAddress;
    this.#limit = limit;
    this.#most = most;
    this.#what = what;
  }

  /** How many callers have something. */
  get callers(): number {
    return this.#counts.size;
  }

  /** CALLER-4: takes one of the caller, and of its address. */
  takeOf({ identity, address, share }: WhoAsks): (() => void) | RequestError {
    const own = this.take(share);
    if (own instanceof RequestError || this.#ofAddress === undefined || identity === anonymous)
      return own;
    const ofAddress = this.#ofAddress.take(callerOf(anonymous, address));
    if (ofAddress instanceof RequestError) {
      own();
      return ofAddress;
    }
    return () => {
      own();
      ofAddress();
    };
  }

  /** Takes one: what gives it back, or the refusal. */
  take(caller: string | undefined): (() => void) | RequestError {
    if (caller === undefined) return () => undefined;
    const count = this.#counts.get(caller) ?? 0;
    if (count >= this.#most) return this.#tooMany(caller); // CALLER-2
    this.#counts.set(caller, count + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#counts.get(caller) ?? 1) - 1;
      if (left === 0)
        this.#counts.delete(caller); // CALLER-3
      else this.#counts.set(caller, left);
    };
  }

  #tooMany(caller: string): RequestError {
    return new RequestError(
      'limit_exceeded',
      `The limit ${this.#limit} of ${String(this.#most)} is reached: ${caller} has that many ${this.#what} open on this node. ` +
        'The request was not executed. Close some of them, or use another node.',
      { limit: this.#limit, value: this.#most, scope: 'node' },
    );
  }
}

/** What callers share of one node. */
export interface Shares {
  /** Client streams, and watches as server-sent events. */
  readonly streams: PerCaller;
  readonly grpcCalls: PerCaller;
  readonly backups: PerCaller;
}

export function sharesOf(limits: ApiLimits): Shares {
  const { maxStreamsPerCaller, maxGrpcCallsPerCaller, maxBackupsPerCaller } = limits;
  const { maxStreamsPerAddress, maxGrpcCallsPerAddress } = limits;
  const ofAddress = (limit: string, most: number, what: string): PerCaller | undefined =>
    most === 0 ? undefined : new PerCaller(limit, most, what);
  return {
    streams: new PerCaller(
      'max_streams_per_caller',
      maxStreamsPerCaller,
      'streams and watches',
      ofAddress('max_streams_per_address', maxStreamsPerAddress, 'streams and watches'),
    ),
    grpcCalls: new PerCaller(
      'max_grpc_calls_per_caller',
      maxGrpcCallsPerCaller,
      'calls of gRPC in progress',
      ofAddress('max_grpc_calls_per_address', maxGrpcCallsPerAddress, 'calls of gRPC in progress'),
    ),
    backups: new PerCaller('max_backups_per_caller', maxBackupsPerCaller, 'backups on their way'),
  };
}

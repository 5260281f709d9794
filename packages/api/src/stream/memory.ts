/** The memory of the client of one stream: what it reads to keep, and what it is told to drop. */
import type { CacheClient, Engine } from '@holdfast/engine';
import type {
  CacheDroppedAnswer,
  CacheDroppedBody,
  CacheKeepAnswer,
  CacheKeepBody,
  CachePush,
} from '@holdfast/protocol';
import { callOptions } from '../operations/context.ts';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { jsonOf } from '../operations/queue-wire.ts';
import { otherOf } from '../pipeline/perform.ts';

/** For people who ask who delays writes. */
const whoIs = ({ caller: { identity, address } }: OperationContext): string =>
  `${identity} at ${address ?? 'an unknown address'}`;

const keep = otherOf('cache_keep');
const dropped = otherOf('cache_dropped');

export class StreamMemory {
  readonly #tell: Parameters<Engine['openCacheClient']>[0];
  #client: CacheClient | undefined;
  #ended = false;

  constructor(push: (body: CachePush) => void) {
    this.#tell = ({ memoryId, ...rest }) => push({ memory_id: memoryId, ...rest });
  }

  keep(body: unknown, context: OperationContext): Outcome<object> | Promise<Outcome<object>> {
    // The types are made from the schemas that the bodies are checked against.
    return keep.begin(body, context, (asked, own) => this.#keep(asked as CacheKeepBody, own));
  }

  async #keep(
    { k: key, memory_id: memoryId }: CacheKeepBody,
    context: OperationContext,
  ): Promise<CacheKeepAnswer> {
    const { engine, nodeId: node } = context.service;
    const client = (this.#client ??= engine.openCacheClient(this.#tell, whoIs(context)));
    if (this.#ended) client.close();
    const { view, term, grant } = await client.read(key, memoryId, callOptions(context));
    const isOver = grant === 'over';
    return {
      key,
      found: view !== undefined,
      value: view === undefined ? null : jsonOf(view.value),
      version: view?.version ?? 0,
      expires_in_seconds: view?.expiresInMs === undefined ? null : view.expiresInMs / 1000,
      node,
      line: isOver ? 'over' : grant.line,
      term,
      seq: isOver ? 0 : grant.seq,
      lease_ms: isOver ? 0 : grant.leaseMs,
    };
  }

  dropped(body: unknown, context: OperationContext): Outcome<object> | Promise<Outcome<object>> {
    return dropped.begin(body, context, (told) => this.#dropped(told as CacheDroppedBody));
  }

  #dropped({ memory_id: memoryId, seq }: CacheDroppedBody): CacheDroppedAnswer {
    this.#client?.dropped(memoryId, seq);
    return { memory_id: memoryId };
  }

  end(): void {
    this.#ended = true;
    this.#client?.close();
  }
}

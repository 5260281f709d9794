/** Which nodes live and which hold partitions, as the locks of the cluster tell. */
import { reservedLockPrefix as prefix } from '@holdfast/state';
import type { LockView, ResourceName, SessionId } from '@holdfast/state';
import type { CallOptions, Engine } from '@holdfast/engine';

const nodePrefix = `${prefix}node/`;
const partitionPrefix = `${prefix}partition/`;

export interface PartitionHolder {
  readonly node: string;
  readonly sessionId: SessionId;
  readonly fenceToken: number;
}

export interface PartitionLocks {
  readonly live: readonly string[];
  readonly holders: ReadonlyMap<number, PartitionHolder>;
}

export const lockOfNode = (nodeId: string): ResourceName =>
  `${nodePrefix}${nodeId}` as ResourceName;

export const lockOfPartition = (partition: number): ResourceName =>
  `${partitionPrefix}${String(partition)}` as ResourceName;

/** OWN-2 of ownership.ts. */
export async function readLocks(
  engine: Pick<Engine, 'query'>,
  asker: CallOptions,
): Promise<PartitionLocks> {
  const rows: LockView[] = [];
  let after: string | undefined;
  do {
    const wanted = { prefix, limit: 1000, ...(after === undefined ? {} : { after }) };
    const query = { type: 'list', kind: 'lock', wanted } as const;
    const result = await engine.query(query, 'linearizable', asker);
    if (result.type !== 'list' || result.listed.kind !== 'lock') break;
    for (const row of result.listed.rows) rows.push(row);
    after = result.listed.nextAfter;
  } while (after !== undefined);
  const live: string[] = [];
  const holders = new Map<number, PartitionHolder>();
  for (const {
    name,
    holders: [holder],
  } of rows) {
    if (holder === undefined) continue;
    const { clientId: node, sessionId, fenceToken } = holder;
    if (name.startsWith(nodePrefix)) live.push(node);
    else holders.set(Number(name.slice(partitionPrefix.length)), { node, sessionId, fenceToken });
  }
  return { live, holders };
}

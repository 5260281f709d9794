/** What the node's thread and the writer's thread tell each other. */
import type { Recovered, SnapshotMeta, Write } from '@holdfast/raft';

export interface WriterData {
  readonly file: string;
  readonly clusterId: string;
  readonly memberId: string;
  readonly writeDelayMs: number;
}

export type ToWriter =
  | { readonly type: 'write'; readonly writes: readonly Write[] }
  | {
      readonly type: 'snapshot_chunk';
      readonly index: number;
      readonly chunk: number;
      readonly data: Uint8Array;
    }
  | { readonly type: 'snapshot_done'; readonly meta: SnapshotMeta; readonly keepFrom: number }
  | {
      readonly type: 'read_chunk';
      readonly requestId: number;
      readonly index: number;
      readonly chunk: number;
    }
  | { readonly type: 'close' };

export type FromWriter =
  | {
      readonly type: 'opened';
      readonly recovered: Recovered | undefined;
      readonly repairs: readonly string[];
    }
  | { readonly type: 'refused'; readonly name: string; readonly message: string }
  | {
      readonly type: 'committed';
      readonly writeId: number;
      readonly commitMs: number;
      readonly sizeBytes: number;
    }
  | { readonly type: 'chunk_saved' }
  /** `replaced`: a newer one is there already, this one came to nothing. */
  | { readonly type: 'snapshot_saved'; readonly replaced: boolean }
  | { readonly type: 'chunk'; readonly requestId: number; readonly data: Uint8Array | undefined }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'closed' };

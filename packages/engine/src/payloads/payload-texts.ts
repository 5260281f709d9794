/** The texts of payloads as they are in a store of bytes. */
import { payloadHash } from '@holdfast/state';
import type { CommandResult, StoredPayload } from '@holdfast/state';
import type { PayloadStore } from '@holdfast/storage';

export type Taken = Extract<CommandResult, { readonly type: 'queue_taken' }>;

/** Something in it stands beside the state (PAYLOAD-3). */
export const isBeside = (result: CommandResult): result is Taken =>
  result.ok &&
  result.type === 'queue_taken' &&
  result.deliveries.some(({ stored }) => stored !== undefined);

export const storedIn = (
  parts: readonly { readonly stored?: StoredPayload }[],
): readonly StoredPayload[] =>
  parts.flatMap(({ stored }) => (stored === undefined ? [] : [stored]));

/** Of this disk. Undefined: what is there is not what the state names (PAYLOAD-3). */
export async function textHere(
  store: Pick<PayloadStore, 'read'>,
  stored: StoredPayload,
): Promise<string | undefined> {
  const body = await store.read(stored.id);
  if (body === undefined || body.byteLength !== stored.byteLength) return undefined;
  const text = textOf(body);
  return payloadHash(text) === stored.hash ? text : undefined;
}

export const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf8');

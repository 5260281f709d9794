/**
 * A snapshot as somebody takes it away: with the payloads in it that stand beside the state (BESIDE-1). Each is a list
 * with its text in the place of its hash, so that a state comes out of it which is equal to that of the snapshot.
 */
import { TextHash } from './digest.ts';
import { SnapshotFormatError } from './fields.ts';
import type { KeptPayload, StoredPayload } from '../../primitives/queue/payloads.ts';

const messageBegin = '["message",';
const endBegin = '["end",';
/** Of the fields of a message, see queue/records.ts. */
const idField = 2;
const payloadField = 4;
const lengthField = 5;

/** Takes the lines of a snapshot in their order. */
export class WholeSnapshot {
  readonly #hash = new TextHash();
  #count = 0;

  /** The payload that belongs into this line. Undefined: none does. */
  wanted(line: string): StoredPayload | undefined {
    if (!line.startsWith(messageBegin)) return undefined;
    const fields = fieldsOf(line);
    const [id, hash, byteLength] = [fields[idField], fields[payloadField], fields[lengthField]];
    return typeof id === 'number' && typeof hash === 'number' && typeof byteLength === 'number'
      ? { id, hash, byteLength }
      : undefined;
  }

  /** The line as it is in the whole snapshot. @param payload JSON, where one is wanted. */
  line(line: string, payload: string | undefined): string {
    if (line.startsWith(endBegin)) return JSON.stringify(['end', this.#count, this.#hash.digest()]); // SNAP-3
    const whole =
      payload === undefined ? line : JSON.stringify(fieldsOf(line).with(payloadField, [payload]));
    this.#hash.add(whole);
    this.#count += 1;
    return whole;
  }
}

/** The payload that a line of a whole snapshot has in it, for who has the state already. @throws SnapshotFormatError */
export function payloadIn(line: string): KeptPayload | undefined {
  if (!line.startsWith(messageBegin)) return undefined;
  const fields = fieldsOf(line);
  const [id, payload, byteLength] = [fields[idField], fields[payloadField], fields[lengthField]];
  if (!Array.isArray(payload)) return undefined;
  const text: unknown = payload[0];
  return typeof id === 'number' && typeof text === 'string' && typeof byteLength === 'number'
    ? { id, byteLength, text }
    : undefined;
}

function fieldsOf(line: string): readonly unknown[] {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    throw new SnapshotFormatError('a line is no JSON');
  }
  if (Array.isArray(fields)) return fields;
  throw new SnapshotFormatError('a line is no list');
}

/**
 * The payloads of messages: the one place that knows how they are kept. Here they are JSON text in memory, and part of
 * the state and of its snapshots; what has them elsewhere changes this module and nothing else.
 */
import { utf8Length } from '../../kernel/weights.ts';
import type { JsonValue } from '../../kernel/names.ts';

export interface Payload {
  /** As JSON in UTF-8: what it counts for. */
  readonly byteLength: number;
  /** JSON. */
  readonly text: string;
}

export function payloadOf(value: JsonValue): Payload {
  const text = JSON.stringify(value);
  return { text, byteLength: utf8Length(text) };
}

export const valueOf = ({ text }: Payload): JsonValue => JSON.parse(text) as JsonValue;

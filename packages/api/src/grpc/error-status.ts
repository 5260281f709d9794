/**
 * A refusal as a status of gRPC: in `grpc-status-details-bin` a google.rpc.Status, whose ErrorInfo has
 * the code and the details and whose RetryInfo tells when to come back; and in `holdfast-code` the code
 * alone, for those who have no library for the former.
 *
 * https://google.aip.dev/193
 *
 * GRPC-1: what is told stays below 8 KiB, which is where clients begin to refuse trailers.
 */
import { Metadata } from '@grpc/grpc-js';
import type { status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { errorDefinitions } from '@holdfast/protocol';
import { retryAfterSeconds } from '../request-error.ts';
import type { RequestError } from '../request-error.ts';
import { statusOf } from './status-codes.ts';

/** GRPC-1. A character beyond ASCII takes up to 9 bytes in `grpc-message`. */
const mostMessageBytes = 768;
const mostDetailBytes = 2048;

const texts: protobuf.IMapField = { keyType: 'string', type: 'string', id: 3 };
const rpc = protobuf.Root.fromJSON({
  nested: {
    Status: {
      fields: {
        code: { type: 'int32', id: 1 },
        message: { type: 'string', id: 2 },
        details: { rule: 'repeated', type: 'Any', id: 3 },
      },
    },
    Any: { fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    ErrorInfo: {
      fields: {
        reason: { type: 'string', id: 1 },
        domain: { type: 'string', id: 2 },
        metadata: texts,
      },
    },
    Duration: { fields: { seconds: { type: 'int64', id: 1 } } },
    RetryInfo: { fields: { retry_delay: { type: 'Duration', id: 1 } } },
  },
});
const statusType = rpc.lookupType('Status');
const errorInfo = rpc.lookupType('ErrorInfo');
const retryInfo = rpc.lookupType('RetryInfo');

/** What grpc-js sends as a status when it is given as an error. */
export interface StatusError extends Error {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

export function statusError(refused: RequestError): StatusError {
  const code = statusOf(refused.code);
  const message = shortened(refused.message, mostMessageBytes);
  const details = [
    packed(
      'ErrorInfo',
      errorInfo,
      // Under a domain of its own a reason may look as it looks everywhere else in the service.
      { reason: refused.code, domain: 'holdfast', metadata: told(refused.details) },
    ),
  ];
  const { status } = errorDefinitions[refused.code];
  if (status === 503 || status === 429)
    details.push(
      packed('RetryInfo', retryInfo, { retry_delay: { seconds: retryAfterSeconds(refused) } }),
    );
  const metadata = new Metadata();
  metadata.set('holdfast-code', refused.code);
  const bytes = statusType.encode({ code, message, details }).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

function packed(name: string, type: protobuf.Type, message: object): object {
  return {
    type_url: `type.googleapis.com/google.rpc.${name}`,
    value: type.encode(message).finish(),
  };
}

/** Details as text, as many as there is room for, the shortest first (GRPC-1): what is long leaves out nothing else. */
function told(details: RequestError['details']): Readonly<Record<string, string>> {
  const all = Object.entries(details).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return [{ key, text, bytes: Buffer.byteLength(key) + Buffer.byteLength(text) }];
  });
  const texts: Record<string, string> = {};
  let room = mostDetailBytes;
  for (const { key, text, bytes } of all.toSorted((one, other) => one.bytes - other.bytes)) {
    room -= bytes;
    if (room < 0) break;
    texts[key] = text;
  }
  return texts;
}

function shortened(text: string, mostBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= mostBytes) return text;
  // A character that was cut through reads as U+FFFD.
  return `${bytes
    .subarray(0, mostBytes - 6)
    .toString()
    .replace(/\uFFFD+$/, '')}…`;
}

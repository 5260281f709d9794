/** Reads `grpc-status-details-bin` as a client with the published google.rpc messages does. */
import type { ServiceError } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

const { root } = protobuf.parse(
  `syntax = "proto3";
   package google.rpc;
   message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
   message Any { string type_url = 1; bytes value = 2; }
   message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
   message RetryInfo { Duration retry_delay = 1; }
   message Duration { int64 seconds = 1; int32 nanos = 2; }`,
  { keepCase: true },
);

export interface DecodedDetails {
  readonly code: number;
  readonly message: string;
  readonly info: {
    readonly reason: string;
    readonly domain: string;
    readonly metadata: Readonly<Record<string, string>>;
  };
  readonly retrySeconds: number | undefined;
}

export function decodedDetails({ metadata }: ServiceError): DecodedDetails {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const read = (type: string, from: Uint8Array): Record<string, unknown> => {
    const found = root.lookupType(`google.rpc.${type}`);
    return found.toObject(found.decode(from), { longs: Number, defaults: true });
  };
  const status = read('Status', bytes as Buffer);
  const details = status['details'] as { type_url: string; value: Uint8Array }[];
  const find = (type: string): Record<string, unknown> | undefined => {
    const found = details.find((one) => one.type_url === `type.googleapis.com/google.rpc.${type}`);
    return found && read(type, found.value);
  };
  const retry = find('RetryInfo')?.['retry_delay'] as { seconds: number } | undefined;
  return {
    code: Number(status['code']),
    message: String(status['message']),
    info: find('ErrorInfo') as unknown as DecodedDetails['info'],
    retrySeconds: retry?.seconds,
  };
}

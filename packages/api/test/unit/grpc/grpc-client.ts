/** An api with gRPC on a memory engine, and a client of it as any program on Node has one. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import type {
  ChannelCredentials,
  ClientDuplexStream,
  ClientReadableStream,
  ServiceClientConstructor,
  ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { serviceFiles, protoFolder } from '../../../src/grpc/definitions.ts';
import { startGrpcServer } from '../../../src/grpc/server.ts';
import type { GrpcServer } from '../../../src/grpc/server.ts';
import type { ApiOptions } from '../../../src/options.ts';
import { startHarness } from '../../harness.ts';
import type { Harness } from '../../harness.ts';
import { untilSo } from '../../../../checker/src/waits.ts';

export type Message = Readonly<Record<string, unknown>>;
interface CallOptions {
  readonly deadline?: Date;
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface GrpcHarness extends Harness {
  readonly server: GrpcServer;
  /** @param rpc `Locks.Acquire`. Rejects with a `ServiceError`. */
  call(rpc: string, body: object, options?: CallOptions): Promise<Message>;
  read(
    rpc: string,
    body: object,
    metadata?: Readonly<Record<string, string>>,
  ): Reading<ClientReadableStream<Message>>;
  duplex(
    rpc: string,
    metadata?: Readonly<Record<string, string>>,
  ): Reading<ClientDuplexStream<object, Message>>;
}

/** What a stream tells, one after the other. */
export class Reading<Call extends ClientReadableStream<Message>> {
  readonly call: Call;
  readonly #messages: Message[] = [];
  readonly #waiting: (() => void)[] = [];
  #ended = false;
  error: ServiceError | undefined;

  constructor(call: Call) {
    this.call = call;
    call.on('data', (message: Message) => {
      this.#messages.push(message);
      this.#wake();
    });
    call.on('error', (error: ServiceError) => {
      this.error = error;
      this.#ended = true;
      this.#wake();
    });
    call.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  #wake(): void {
    for (const waiting of this.#waiting.splice(0)) waiting();
  }

  /** The next message; undefined after the last. */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined || this.#ended) return message;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** The error with which it ends. */
  async failure(): Promise<ServiceError> {
    while ((await this.next()) !== undefined || this.error === undefined)
      await new Promise((resolve) => setImmediate(resolve));
    return this.error;
  }
}

const loaded = loadPackageDefinition(
  loadSync([...serviceFiles, healthProto], {
    keepCase: true,
    longs: Number,
    enums: String,
    oneofs: false,
    includeDirs: [protoFolder],
  }),
);

/** The one place where the shape of what proto-loader has loaded is taken for granted. */
function clientOf(service: string): ServiceClientConstructor {
  let found: unknown = loaded;
  for (const part of service.split('.')) found = (found as Record<string, unknown>)[part];
  return found as ServiceClientConstructor;
}

/** Whether a node answers a question about its health; undefined where its connection is refused. */
export async function healthOver(
  address: string,
  secured: ChannelCredentials,
): Promise<true | undefined> {
  const client = new (clientOf('grpc.health.v1.Health'))(address, secured);
  const deadline = Date.now() + 5000;
  const answered = await new Promise<true | undefined>((resolve) => {
    const check = client['Check'] as (
      ...parts: readonly [object, object, (error: ServiceError | null) => void]
    ) => void;
    check.call(client, { service: '' }, { deadline }, (error) => {
      resolve(error === null ? true : undefined);
    });
  });
  client.close();
  return answered;
}

/** The answer of one call with these credentials. Rejects with a `ServiceError`. */
export async function callOver(
  address: string,
  secured: ChannelCredentials,
  rpc: readonly [service: string, method: string],
  body: object,
): Promise<Message> {
  const [service, name] = rpc;
  const client = new (clientOf(`holdfast.v1.${service}`))(address, secured);
  const deadline = Date.now() + 5000;
  try {
    return await new Promise((resolve, reject) => {
      const method = client[name] as (
        ...parts: readonly [object, object, (error: ServiceError | null, answer: Message) => void]
      ) => void;
      method.call(client, body, { deadline }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  } finally {
    client.close();
  }
}

type Untyped = Record<string, (...parts: readonly unknown[]) => unknown>;

export async function startGrpcHarness(
  test: TestContext,
  options: Partial<ApiOptions> = {},
  checksAnswers = true,
): Promise<GrpcHarness> {
  const harness = startHarness(test, options, checksAnswers);
  const ignore = (): void => undefined;
  const server = await startGrpcServer(
    { host: '127.0.0.1', port: 0 },
    {
      context: harness.built.context,
      turns: harness.built.http.turns,
      log: {
        info: ignore,
        warn: ignore,
        error: (fields, message) => harness.logged.push({ fields, message }),
      },
    },
  );
  const clients = new Map<string, Untyped & { close(): void }>();
  const client = (service: string): Untyped => {
    const full = service.includes('.') ? service : `holdfast.v1.${service}`;
    const known =
      clients.get(full) ??
      (new (clientOf(full))(server.address, credentials.createInsecure()) as unknown as Untyped & {
        close(): void;
      });
    clients.set(full, known);
    return known;
  };
  const method = (rpc: string): ((...parts: readonly unknown[]) => unknown) => {
    const at = rpc.lastIndexOf('.');
    const stub = client(rpc.slice(0, at));
    return (...parts) => stub[rpc.slice(at + 1)]?.(...parts);
  };
  test.after(async () => {
    for (const one of clients.values()) one.close();
    await Promise.all([harness.built.close(), server.close(1000)]);
  });
  return {
    ...harness,
    server,
    call: (rpc, body, { deadline, signal, metadata = {} } = {}) =>
      new Promise((resolve, reject) => {
        const call = method(rpc)(
          body,
          metadataOf(metadata),
          deadline === undefined ? {} : { deadline },
          (error: ServiceError | null, answer: Message) => {
            if (error === null) resolve(answer);
            else reject(error);
          },
        ) as { cancel(): void };
        signal?.addEventListener('abort', () => call.cancel());
      }),
    read: (rpc, body, metadata = {}) =>
      new Reading(method(rpc)(body, metadataOf(metadata)) as ClientReadableStream<Message>),
    duplex: (rpc, metadata = {}) =>
      new Reading(method(rpc)(metadataOf(metadata)) as ClientDuplexStream<object, Message>),
  };
}

function metadataOf(fields: Readonly<Record<string, string>>): Metadata {
  const sent = new Metadata();
  for (const [key, value] of Object.entries(fields)) sent.set(key, value);
  return sent;
}

/** The code of the service with which a call failed. */
export function codeOf(error: unknown): string {
  const { metadata } = error as ServiceError;
  return String(metadata.get('holdfast-code')[0]);
}

export async function refusal(calling: Promise<unknown>): Promise<ServiceError> {
  try {
    await calling;
  } catch (error) {
    return error as ServiceError;
  }
  assert.fail('It was not refused.');
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
export const until = async (condition: () => boolean): Promise<void> =>
  void (await untilSo(condition));

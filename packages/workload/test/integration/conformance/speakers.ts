/**
 * The three interfaces, each as its user has it: HTTP by the paths of the OpenAPI document, gRPC by the
 * files in `proto/`, and the classes of the TypeScript client. None knows who leads; all go on when a
 * node is gone, by asking another one with the same request id.
 */
import { fileURLToPath } from 'node:url';
import { credentials, loadPackageDefinition, Metadata, status } from '@grpc/grpc-js';
import type { Client as GrpcClient, ServiceClientConstructor, ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode, OperationName } from '@holdfast/protocol';
import type { LocalCluster } from '@holdfast/server';
import { fetchAs } from './shown.ts';
import type { Shown } from './shown.ts';
import type { Fields } from './steps.ts';

export interface Speaker {
  /** Opens a session. */
  open(session: string): Promise<void>;
  /** @throws HoldfastError */
  ask(by: string | undefined, operation: OperationName, body: Fields): Promise<Fields>;
  close(): Promise<void>;
}

const patienceMs = 20_000;
const pauseMs = 50;
/** What is asked again elsewhere: nothing was done, or the request id makes it once. */
const isPassing = (error: unknown): boolean =>
  !(error instanceof HoldfastError) || errorDefinitions[error.code].retry === 'same';

/** Operations that carry a session and the number of a request. */
const numbered: ReadonlySet<string> = new Set([
  'acquire',
  'release',
  'acquire_permits',
  'release_permits',
  'acquire_many',
  'campaign',
  'resign',
  'proclaim',
  'enter_barrier',
  'leave_barrier',
  'count_down',
]);

/** Numbers requests, and asks one node after the other until one answers. */
export abstract class NodeSpeaker implements Speaker {
  protected readonly cluster: LocalCluster;
  protected readonly shown: Shown;
  readonly #sessions = new Map<string, string>();
  #nextRequest = 1;
  #node = 0;

  constructor(cluster: LocalCluster, shown: Shown = {}) {
    this.cluster = cluster;
    this.shown = shown;
  }

  protected abstract askNode(node: number, operation: OperationName, body: Fields): Promise<Fields>;

  async open(session: string): Promise<void> {
    const id = `${session}-${String(performance.now())}`;
    const body = { client_id: session, timeout: 60, request_id: id };
    const answer = await this.#askAnywhere('create_session', body);
    this.#sessions.set(session, String(answer['session_id']));
  }

  ask(by: string | undefined, operation: OperationName, body: Fields): Promise<Fields> {
    const session = by === undefined ? {} : { session_id: this.#sessions.get(by) };
    const number = by !== undefined && numbered.has(operation);
    const request = number ? { request_id: this.#nextRequest++ } : {};
    return this.#askAnywhere(operation, { ...body, ...session, ...request });
  }

  async #askAnywhere(operation: OperationName, body: Fields): Promise<Fields> {
    const untilMs = performance.now() + patienceMs;
    for (;;) {
      try {
        return await this.askNode(this.#node, operation, body);
      } catch (error) {
        if (!isPassing(error) || performance.now() > untilMs) throw error;
        this.#node = (this.#node + 1) % this.cluster.nodes.length;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  async close(): Promise<void> {
    // Nothing stands open.
  }
}

interface PathOf {
  readonly method: string;
  readonly path: string;
}

export class HttpSpeaker extends NodeSpeaker {
  readonly #paths = new Map<string, PathOf>();
  readonly #fetch = fetchAs(this.shown);

  /** Reads where each operation is from the OpenAPI document. */
  async prepare(): Promise<this> {
    const { urls } = this.cluster;
    // One of them may be answered meanwhile.
    const response = await Promise.any(urls.map((url) => this.#fetch(`${url}/openapi.json`, {})));
    const { paths } = (await response.json()) as {
      readonly paths: Readonly<Record<string, Readonly<Record<string, { operationId: string }>>>>;
    };
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { operationId }] of Object.entries(methods))
        this.#paths.set(operationId, { method: method.toUpperCase(), path });
    return this;
  }

  protected async askNode(node: number, operation: OperationName, body: Fields): Promise<Fields> {
    const { method, path } = this.#paths.get(operation) ?? { method: '', path: '' };
    const rest = new Map(Object.entries(body));
    const filled = path.replaceAll(/\{([a-z_]+)\}/g, (_whole, field: string) => {
      const value = String(rest.get(field));
      rest.delete(field);
      return encodeURIComponent(value);
    });
    const fields = Object.fromEntries(rest);
    const query = method === 'GET' ? `?${new URLSearchParams(texts(fields)).toString()}` : '';
    const response = await this.#fetch(`${this.cluster.urls[node] ?? ''}${filled}${query}`, {
      method,
      ...(method === 'GET'
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) }),
    });
    const answer = (await response.json()) as Fields & { readonly code?: ErrorCode };
    if (!response.ok && answer.code !== undefined)
      throw new HoldfastError(answer.code, String(answer['detail']));
    return answer;
  }
}

const texts = (fields: Fields): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]));

type Unary = (
  body: object,
  metadata: Metadata,
  callback: (error: ServiceError | null, answer: Fields) => void,
) => void;

/** As they are in the files, beside the words of JSON. */
const enumsOf: Readonly<Record<string, string>> = {
  mode: 'LOCK_MODE_',
  kind: 'HELD_KIND_',
  end_reason: 'END_REASON_',
};

export class GrpcSpeaker extends NodeSpeaker {
  /** By node and rpc. */
  readonly #clients = new Map<string, GrpcClient>();
  readonly #services: readonly ServiceClientConstructor[];

  constructor(cluster: LocalCluster, shown: Shown = {}) {
    super(cluster, shown);
    const folder = fileURLToPath(new URL('../../../../../proto', import.meta.url));
    const names = ['sessions', 'locks', 'semaphores', 'elections', 'barriers', 'latches', 'events'];
    const definition = loadSync(
      names.map((name) => `holdfast/v1/${name}.proto`),
      { includeDirs: [folder], keepCase: true, longs: Number, enums: String, oneofs: true },
    );
    const loaded = loadPackageDefinition(definition) as unknown as {
      readonly holdfast: { readonly v1: Readonly<Record<string, unknown>> };
    };
    this.#services = Object.values(loaded.holdfast.v1).filter(
      (part): part is ServiceClientConstructor => typeof part === 'function',
    );
  }

  protected askNode(node: number, operation: OperationName, body: Fields): Promise<Fields> {
    const rpc = operation.replaceAll(/(?:^|_)([a-z])/g, (_whole, letter: string) =>
      letter.toUpperCase(),
    );
    const client = this.#client(node, rpc);
    // Oxlint cannot know: the methods of a client are made from the files.
    const call = (client as unknown as Readonly<Record<string, Unary>>)[rpc];
    if (call === undefined) throw new Error(`No service has ${rpc}.`);
    return new Promise((resolve, reject) => {
      const metadata = new Metadata();
      if (this.shown.apiKey !== undefined)
        metadata.set('authorization', `Bearer ${this.shown.apiKey}`);
      call.call(client, toProto(body) as object, metadata, (error, answer) => {
        if (error === null) resolve(fromProto(answer) as Fields);
        else reject(problemOf(error));
      });
    });
  }

  #client(node: number, rpc: string): GrpcClient {
    const Service = this.#services.find((service) => Object.hasOwn(service.service, rpc));
    const address = this.cluster.nodes[node]?.grpcAddress ?? '';
    const key = `${address} ${Service?.serviceName ?? rpc}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    if (Service === undefined) throw new Error(`No service has ${rpc}.`);
    const { tls } = this.shown;
    const client = new Service(
      address,
      tls === undefined
        ? credentials.createInsecure()
        : credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert)),
    );
    this.#clients.set(key, client);
    return client;
  }

  override async close(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
  }
}

function problemOf(error: ServiceError): Error {
  const [code] = error.metadata.get('holdfast-code');
  if (typeof code === 'string' && code in errorDefinitions)
    return new HoldfastError(code as ErrorCode, error.details);
  return error.code === status.UNAVAILABLE
    ? new Error('The node is not there.')
    : new Error(error.message);
}

function toProto(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => toProto(one));
  if (field === 'value' || field === 'metadata') return { stringValue: value };
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, toProto(one, key)]));
  const prefix = enumsOf[field];
  return prefix === undefined || typeof value !== 'string'
    ? value
    : `${prefix}${value.toUpperCase()}`;
}

function fromProto(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => fromProto(one));
  if (typeof value === 'object' && value !== null) {
    if ('stringValue' in value) return value.stringValue;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, fromProto(one, key)]),
    );
  }
  const prefix = enumsOf[field];
  if (prefix === undefined || typeof value !== 'string') return value;
  return value.startsWith(prefix) ? value.slice(prefix.length).toLowerCase() : value;
}

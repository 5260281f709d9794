/**
 * The gRPC server: every operation of the wire, the streams, health and reflection, on a port of its own.
 *
 * GRPC-9: when the node stops, waits and streams are ended first, by `WaitingCallers.stop`; what is in flight
 *     is answered, for so long as HTTP has, and then the rest is cut off.
 */
import { Server, setLogger } from '@grpc/grpc-js';
import type { handleBidiStreamingCall, handleServerStreamingCall } from '@grpc/grpc-js';
import { operations } from '@holdfast/contract';
import type { StreamOperation } from '@holdfast/contract';
import { formatHostPort, hostOnThisMachine } from '@holdfast/protocol';
import type { ObserveBody } from '@holdfast/protocol';
import type { ServerSecurity } from '@holdfast/tls';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { otherOf, refusalOf, unaryOperations } from '../pipeline/perform.ts';
import type { GrpcAddress } from '../options.ts';
import { RequestError } from '../request-error.ts';
import { GrpcAdmission } from './admission.ts';
import { Calls } from './calls.ts';
import { Candidacy } from './candidacy.ts';
import { writeMessage } from './codec.ts';
import { loadDefinitions } from './definitions.ts';
import type { Definitions, Rpc } from './definitions.ts';
import { serveHealth } from './health.ts';
import { Keepalives } from './keepalives.ts';
import { contextOf, defectOf, readRequest } from './performing.ts';
import type { Performing } from './performing.ts';
import { serveReflection } from './reflection.ts';
import { listen } from './listener.ts';
import type { GrpcListening } from './listener.ts';
import { StreamCall } from './stream-call.ts';
import { unaryHandler } from './unary.ts';
import { serveObserve, serveWatch } from './watching.ts';

/** Calls on one connection; those of the node are bounded as well (GRPC-2 of admission.ts). */
const maxCallsPerConnection = 1000;
/** Finds connections that are gone silently, under streams that have nothing to tell. */
const pingEveryMs = 30_000;
const pingTimeoutMs = 10_000;
/** Connections without a call are closed; clients make a new one by themselves. */
const idleMs = 300_000;
/** For the last answers to leave. */
const flushMs = 100;

export interface GrpcServer {
  /** `host:port`, as clients on this machine use it. */
  readonly address: string;
  /** @param deadlineMs What is in flight has this long. */
  close(deadlineMs: number): Promise<void>;
}

/** @throws Error where the address cannot be bound; the message names it. */
export async function startGrpcServer(
  at: GrpcAddress,
  performing: Performing,
  security?: ServerSecurity,
): Promise<GrpcServer> {
  const { host, port } = at;
  const { service } = performing.context;
  // The library would write lines of its own to stderr.
  setLogger({
    error: (...parts: readonly unknown[]) =>
      performing.log.warn({ library: 'grpc-js' }, parts.map(String).join(' ')),
  });
  const calls = new Calls(service.limits.maxGrpcCalls, service.shares.grpcCalls);
  const definitions = loadDefinitions();
  const admission = new GrpcAdmission(performing, calls, pathsOf(definitions));
  const server = new Server({
    interceptors: [admission.intercept],
    'grpc.max_receive_message_length': service.limits.maxBodyBytes,
    'grpc.max_concurrent_streams': maxCallsPerConnection,
    'grpc.keepalive_time_ms': pingEveryMs,
    'grpc.keepalive_timeout_ms': pingTimeoutMs,
    'grpc.max_connection_idle_ms': idleMs,
  });
  registerOperations(server, definitions, admission, performing);
  registerStreams(server, definitions, admission, performing);
  const health =
    at.health === false ? undefined : serveHealth(server, service.engine, definitions.services);
  if (at.reflection !== false) serveReflection(server);
  const bound = await bind(server, { host, port }, performing, security).catch((error: unknown) => {
    health?.stop();
    throw error;
  });
  admission.countOn(bound.connections);
  const close = async (deadlineMs: number): Promise<void> => {
    health?.stop();
    const left = bound.stop();
    const done = calls.stop();
    const told = new Promise<void>((resolve) => {
      server.tryShutdown(() => resolve());
    });
    // Of connections that it was given the library does not know when the last answer has left them.
    const stopped = Promise.all([left, told]);
    // Watches of health and reflection have no end of their own.
    const ended = Promise.race([done, afterwards(deadlineMs)]).then(() => afterwards(flushMs));
    await Promise.race([stopped, ended]);
    server.forceShutdown(); // GRPC-9
  };
  return { address: formatHostPort(hostOnThisMachine(host), bound.port), close };
}

function afterwards(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs).unref();
  });
}

async function bind(
  server: Server,
  at: GrpcAddress,
  { context: { service }, log }: Performing,
  security: ServerSecurity | undefined,
): Promise<GrpcListening> {
  const { maxConnections: most, maxConnectionsPerAddress: mostPerAddress } = service.limits;
  try {
    return await listen(server, at, { port: 'grpc', most, mostPerAddress, log }, security);
  } catch (error) {
    server.forceShutdown();
    throw new Error(
      `gRPC cannot listen on ${formatHostPort(at.host, at.port)}: the port may be in use. Choose another port with grpc.port (0: any free one), or disable gRPC with grpc.enabled.`,
      { cause: error },
    );
  }
}

// ---- what is served -----------------------------------------------------------------------------

/** Messages arrive as bytes: those that cannot be read are refused like any other request. */
const asBytes = (bytes: Buffer): Uint8Array => bytes;

/** The names of operations, by the paths of their methods. */
function pathsOf(definitions: Definitions): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const declared of operations)
    if ('grpc' in declared && declared.grpc !== undefined)
      names.set(definitions.rpc(declared.grpc.method).path, declared.name);
  return names;
}

function registerOperations(
  server: Server,
  definitions: Definitions,
  admission: GrpcAdmission,
  performing: Performing,
): void {
  for (const operation of unaryOperations.values()) {
    const { grpc } = operation.declared;
    if (grpc === undefined) continue;
    const rpc = definitions.rpc(grpc.method);
    server.register<Uint8Array, object>(
      rpc.path,
      unaryHandler(rpc, operation, admission, performing),
      (answer) => writeMessage(rpc.answer, answer),
      asBytes,
      rpc.kind,
    );
  }
}

/** Begins a stream; what is no refusal has begun, or is over. */
type Begin = (
  body: object,
  context: OperationContext,
  stream: StreamCall,
) => Outcome<object> | Promise<Outcome<object>>;

/** What a stream does, by the name of its operation. The bodies are checked against the types' schemas. */
const begins = (performing: Performing): Readonly<Record<string, Begin>> => ({
  watch: (body, own, stream) => serveWatch(body, own, stream),
  observe: (body, own, stream) => serveObserve(body as ObserveBody, own, stream),
  campaign_stream: async (body, own, stream) => {
    await new Candidacy({ ...body }, own, stream, performing.log).run();
    return {};
  },
});

function registerStreams(
  server: Server,
  definitions: Definitions,
  admission: GrpcAdmission,
  performing: Performing,
): void {
  const begin = begins(performing);
  for (const declared of operations) {
    if (declared.kind !== 'stream') continue;
    const rpc = definitions.rpc(declared.grpc.method);
    const handler =
      declared.direction === 'both'
        ? keepaliveHandler(rpc, declared.name, admission, performing)
        : streamHandler(rpc, declared, begin[declared.name] ?? nobody, admission, performing);
    server.register<Uint8Array, object>(
      rpc.path,
      handler,
      (answer) => writeMessage(rpc.answer, answer),
      asBytes,
      rpc.kind,
    );
  }
}

const nobody: Begin = () => {
  throw new Error('This stream is declared, and nothing executes it.');
};

function streamHandler(
  rpc: Rpc,
  declared: StreamOperation,
  begin: Begin,
  admission: GrpcAdmission,
  performing: Performing,
): handleServerStreamingCall<Uint8Array, object> {
  const operation = otherOf(declared.name);
  return (call) => {
    const admitted = admission.take(call);
    const from = admitted.context;
    const stream = StreamCall.open(call, admitted);
    if (stream === undefined) return;
    const begun = async (): Promise<Outcome<object>> => {
      const body = readRequest(rpc, call.request, from);
      if (body instanceof RequestError) return body;
      const own = contextOf(call.metadata, from);
      if (own instanceof RequestError) return own;
      // What it performs is validated and admitted as that.
      if (declared.performs !== undefined) return begin(body, own, stream);
      return operation.begin(body, own, (asked) => begin(asked, own, stream));
    };
    endWhereRefused(begun(), stream, defectOf(performing, operation.name));
  };
}

function keepaliveHandler(
  rpc: Rpc,
  name: string,
  admission: GrpcAdmission,
  performing: Performing,
): handleBidiStreamingCall<Uint8Array, object> {
  return (call) => {
    const admitted = admission.take(call);
    const from = admitted.context;
    const stream = StreamCall.open(call, admitted);
    if (stream === undefined) return;
    const run = new Keepalives(from, stream, performing.log).run(rpc, call);
    endWhereRefused(
      run.then(() => ({})),
      stream,
      defectOf(performing, name),
    );
  };
}

function endWhereRefused(
  begun: Promise<Outcome<object>>,
  stream: StreamCall,
  onDefect: (error: unknown) => void,
): void {
  begun.then(
    (outcome) => {
      if (outcome instanceof RequestError) stream.fail(outcome);
    },
    (error: unknown) => stream.fail(refusalOf(error, onDefect)),
  );
}

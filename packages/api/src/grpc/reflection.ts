/**
 * Server reflection, v1 and v1alpha: tools such as grpcurl ask the node for its interface.
 *
 * https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
 */
import { relative } from 'node:path';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthFile } from 'grpc-health-check';
import { loadRoot, serviceFiles, protoFolder } from './definitions.ts';
import { describeFiles } from './descriptors.ts';

/** Each file of the interface as a FileDescriptorProto. */
export function interfaceFiles(): readonly Buffer[] {
  return describeFiles(loadRoot([...serviceFiles, healthFile]), (path) => {
    if (path === undefined) return 'google/protobuf/struct.proto';
    return path === healthFile
      ? 'grpc/health/v1/health.proto'
      : relative(protoFolder, path).replaceAll('\\', '/');
  });
}

export function serveReflection(server: Server): void {
  // The service takes what proto-loader has loaded, and of each definition its files alone.
  const definition = {
    format: 'Protocol Buffer 3 EnumDescriptorProto' as const,
    type: {},
    fileDescriptorProtos: [...interfaceFiles()],
  };
  new ReflectionService({ holdfast: definition }).addToServer(server);
}

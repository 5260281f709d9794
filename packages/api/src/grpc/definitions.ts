/** The interface as the files in `proto/` tell it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { groups } from '@holdfast/contract';
import protobuf from 'protobufjs';
import type { Method, Root, Service, Type } from 'protobufjs';

const packageName = 'holdfast.v1';

export interface Rpc {
  /** `/holdfast.v1.Locks/Acquire` */
  readonly path: string;
  readonly name: string;
  readonly request: Type;
  readonly answer: Type;
  readonly kind: 'unary' | 'serverStream' | 'bidi';
}

export interface Definitions {
  /** Full names, e.g. `holdfast.v1.Locks`. */
  readonly services: readonly string[];
  readonly rpcs: readonly Rpc[];
  rpc(name: string): Rpc;
}

/** In a published package they lie beside the sources, in the repository at its root. */
export const protoFolder: string = ((): string => {
  const beside = fileURLToPath(new URL('../../proto', import.meta.url));
  return existsSync(beside) ? beside : fileURLToPath(new URL('../../../../proto', import.meta.url));
})();

/** A file for each service. */
export const serviceFiles: readonly string[] = groups.flatMap(({ name, service }) =>
  service === undefined ? [] : [`holdfast/v1/${name}.proto`],
);

/** @throws Error where a file is missing or not right. */
export function loadDefinitions(): Definitions {
  const root = loadRoot(serviceFiles);
  const found = root.lookup(packageName);
  const services =
    found instanceof protobuf.Namespace
      ? found.nestedArray.filter((part) => part instanceof protobuf.Service)
      : [];
  const rpcs = services.flatMap((service) =>
    service.methodsArray.map((method) => rpcOf(service, method)),
  );
  return {
    services: services.map((service) => service.fullName.slice(1)),
    rpcs,
    rpc(name) {
      const found = rpcs.find((rpc) => rpc.name === name);
      if (found === undefined) throw new Error(`No file in ${protoFolder} has an rpc ${name}.`);
      return found;
    },
  };
}

/** @param paths In `proto/`, or absolute. */
export function loadRoot(paths: readonly string[]): Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => resolve(protoFolder, target);
  root.loadSync([...paths], { keepCase: true }).resolveAll();
  return root;
}

function rpcOf(service: Service, method: Method): Rpc {
  const { resolvedRequestType: request, resolvedResponseType: answer } = method;
  if (request === null || answer === null)
    throw new Error(`The messages of ${method.fullName} are not there.`);
  return {
    path: `/${service.fullName.slice(1)}/${method.name}`,
    name: method.name,
    request,
    answer,
    kind: method.requestStream ? 'bidi' : method.responseStream ? 'serverStream' : 'unary',
  };
}

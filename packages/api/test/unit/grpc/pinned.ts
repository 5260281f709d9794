/** What clients are built with: each field, enum value and method with its number and its type, a line each. */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import protobuf from 'protobufjs';

/** @param folder With `holdfast/v1/*.proto` in it. */
export function pinnedLines(folder: string): readonly string[] {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => resolve(folder, target);
  const files = readdirSync(join(folder, 'holdfast/v1')).map((file) => `holdfast/v1/${file}`);
  root.loadSync(files, { keepCase: true }).resolveAll();
  const space = root.lookup('holdfast.v1');
  if (!(space instanceof protobuf.Namespace)) throw new Error(`No package in ${folder}.`);
  return linesOf(space).sort();
}

function linesOf(space: protobuf.NamespaceBase): string[] {
  return space.nestedArray.flatMap((part) => {
    const name = part.fullName.slice(1);
    if (part instanceof protobuf.Enum)
      return Object.entries(part.values).map(
        ([word, number]) => `${name}.${word} = ${String(number)}`,
      );
    if (part instanceof protobuf.Service)
      return part.methodsArray.map(
        (method) =>
          `${name}/${method.name}(${streamed(method.requestStream)}${method.requestType}) ${streamed(method.responseStream)}${method.responseType}`,
      );
    if (!(part instanceof protobuf.Type)) return [];
    const fields = part.fieldsArray.map((field) => {
      const type = field.resolvedType?.fullName.slice(1) ?? field.type;
      const oneof = field.partOf === null || field.options?.['proto3_optional'] === true;
      const rule = field.repeated
        ? 'repeated'
        : field.options?.['proto3_optional'] === true
          ? 'optional'
          : oneof
            ? 'single'
            : `oneof ${field.partOf?.name ?? ''}`;
      return `${name}.${field.name} = ${String(field.id)} ${rule} ${type}`;
    });
    return [...fields, ...linesOf(part)];
  });
}

const streamed = (isStream: boolean | undefined): string => (isStream === true ? 'stream ' : '');

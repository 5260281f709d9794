/**
 * The files of the interface as descriptors, which reflection answers with.
 *
 * Those that proto-loader makes leave out imports and which fields are `optional`, so that tools cannot
 * build messages from them (https://github.com/grpc/grpc-node/issues/2595); these are whole.
 *
 * https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
 */
import protobuf from 'protobufjs';
import type {
  Enum,
  FieldBase,
  NamespaceBase,
  ReflectionObject,
  Root,
  Service,
  Type,
} from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';

const scalars: Readonly<Record<string, number>> = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  fixed64: 6,
  fixed32: 7,
  bool: 8,
  string: 9,
  bytes: 12,
  uint32: 13,
  sfixed32: 15,
  sfixed64: 16,
  sint32: 17,
  sint64: 18,
};
const messageType = 11;
const enumType = 14;
const [singular, repeated] = [1, 3];

interface File {
  readonly name: string;
  readonly package: string;
  readonly syntax: 'proto3';
  readonly dependency: Set<string>;
  readonly messageType: object[];
  readonly enumType: object[];
  readonly service: object[];
}

/** @param nameOf The name under which a file is imported, from where it was read (undefined: built in). */
export function describeFiles(
  root: Root,
  nameOf: (path: string | undefined) => string,
): readonly Buffer[] {
  const files = new Map<string, File>();
  const fileOf = (part: ReflectionObject): File => {
    const name = nameOf(part.filename ?? undefined);
    const known = files.get(name);
    if (known !== undefined) return known;
    const file: File = {
      name,
      package: part.parent?.fullName.slice(1) ?? '',
      syntax: 'proto3',
      dependency: new Set(),
      messageType: [],
      enumType: [],
      service: [],
    };
    files.set(name, file);
    return file;
  };
  const describe = (space: NamespaceBase): void => {
    for (const part of space.nestedArray) {
      if (part instanceof protobuf.Type) {
        const file = fileOf(part);
        file.messageType.push(messageDescriptor(part, needing(file)));
      } else if (part instanceof protobuf.Enum) fileOf(part).enumType.push(enumDescriptor(part));
      else if (part instanceof protobuf.Service) {
        const file = fileOf(part);
        file.service.push(serviceDescriptor(part, needing(file)));
      } else if (part instanceof protobuf.Namespace) describe(part);
    }
  };
  const needing =
    (file: File): Need =>
    (part) => {
      let top: ReflectionObject = part;
      while (top.parent instanceof protobuf.Type) top = top.parent;
      const name = nameOf(top.filename ?? undefined);
      if (name !== file.name) file.dependency.add(name);
      return part.fullName;
    };
  describe(root);
  const { FileDescriptorProto } = descriptor;
  return [...files.values()].map((file) => {
    const whole = { ...file, dependency: [...file.dependency].sort() };
    return Buffer.from(FileDescriptorProto.encode(FileDescriptorProto.fromObject(whole)).finish());
  });
}

/** Notes that a file refers to a type; its full name. */
type Need = (part: Type | Enum) => string;

function messageDescriptor(type: Type, need: Need): object {
  // Those that only stand for `optional` come last.
  const oneofs = [...type.oneofsArray].sort(
    (a, b) => Number(a.isProto3Optional) - Number(b.isProto3Optional),
  );
  const nested = type.nestedArray;
  const maps = type.fieldsArray.filter((field) => field instanceof protobuf.MapField);
  return {
    name: type.name,
    field: type.fieldsArray.map((field) => ({
      ...fieldDescriptor(field, need),
      ...(field.partOf === null ? {} : { oneofIndex: oneofs.indexOf(field.partOf) }),
    })),
    oneofDecl: oneofs.map(({ name }) => ({ name })),
    nestedType: [
      ...nested
        .filter((part) => part instanceof protobuf.Type)
        .map((part) => messageDescriptor(part, need)),
      ...maps.map((field) => entryDescriptor(field, need)),
    ],
    enumType: nested.filter((part) => part instanceof protobuf.Enum).map(enumDescriptor),
  };
}

function fieldDescriptor(field: protobuf.Field, need: Need): object {
  const name = snakeCase(field.name);
  const common = { name, jsonName: camelCase(name), number: field.id };
  if (field instanceof protobuf.MapField) {
    const typeName = `${field.parent?.fullName ?? ''}.${entryNameOf(field)}`;
    return { ...common, label: repeated, type: messageType, typeName };
  }
  return {
    ...common,
    ...typeDescriptor(field, need),
    label: field.repeated ? repeated : singular,
    ...(field.options?.['proto3_optional'] === true ? { proto3Optional: true } : {}),
  };
}

function typeDescriptor({ resolvedType, type }: FieldBase, need: Need): object {
  if (resolvedType === null) return { type: scalars[type] };
  return {
    type: resolvedType instanceof protobuf.Enum ? enumType : messageType,
    typeName: need(resolvedType),
  };
}

/** A map is a list of messages with a key and a value. */
function entryDescriptor(field: protobuf.MapField, need: Need): object {
  return {
    name: entryNameOf(field),
    options: { mapEntry: true },
    field: [
      { name: 'key', jsonName: 'key', number: 1, label: singular, type: scalars[field.keyType] },
      {
        name: 'value',
        jsonName: 'value',
        number: 2,
        label: singular,
        ...typeDescriptor(field, need),
      },
    ],
  };
}

function enumDescriptor(type: Enum): object {
  const value = Object.entries(type.values).map(([name, number]) => ({ name, number }));
  return { name: type.name, value };
}

function serviceDescriptor(service: Service, need: Need): object {
  return {
    name: service.name,
    method: service.methodsArray.map((method) => ({
      name: method.name,
      inputType: method.resolvedRequestType && need(method.resolvedRequestType),
      outputType: method.resolvedResponseType && need(method.resolvedResponseType),
      clientStreaming: method.requestStream === true,
      serverStreaming: method.responseStream === true,
    })),
  };
}

/** Types that are built into protobufjs have their names in camel case. */
const snakeCase = (name: string): string =>
  name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelCase = (name: string): string =>
  name.replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
function entryNameOf(field: FieldBase): string {
  const name = camelCase(field.name);
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Entry`;
}

export { errors, groups, operations, resourceKinds, tags } from './contract.ts';
export { bodyErrors, errorsOf } from './errors.ts';
export { jsonSchemaOf } from './derive/json-schema.ts';
export type { JsonSchema, ObjectSchema } from './derive/json-schema.ts';
export { protoFiles } from './derive/proto.ts';
export type { TextFile } from './derive/proto.ts';
export { typeScriptFiles } from './derive/typescript.ts';
export { streamFrames, streamPushes } from './stream.ts';
export { keepingAndGivingBack, neverRecorded, ofOwnStore, returning, unlogged } from './traits.ts';
export type { StreamFrame, StreamPush } from './stream.ts';
export { isCancellable } from './operation.ts';
export type {
  RequiredAccess,
  DocumentOperation,
  ErrorDeclaration,
  Group,
  GrpcStatus,
  HttpBinding,
  Method,
  Operation,
  StreamOperation,
  Tag,
  UnaryOperation,
  Verb,
} from './operation.ts';
export type { Enumeration, Field, Message, Schema } from './schema.ts';

/**
 * The Protocol Buffers of all that gRPC has: a file for each service, and types.proto for the enums that
 * they share. Numbers are the pinned ones of the declaration; how a file reads does not matter on the wire.
 *
 * PROTO-1: a message or an enum stands in one file: that of the first group which uses it.
 */
import type { Group } from '../operation.ts';
import type { Enumeration, Message, Schema } from '../schema.ts';
import { commentOf, wrapped } from './comment.ts';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

const width = 100;
const packageName = 'holdfast.v1';
const folder = 'holdfast/v1';
const typesFile = 'types';
const jsonFile = 'google/protobuf/struct.proto';

const header = (comment: readonly string[], imports: readonly string[]): readonly string[] => [
  '// Made from packages/contract by "make documents". Change the declaration, not this file.',
  '//',
  ...comment,
  'syntax = "proto3";',
  '',
  `package ${packageName};`,
  '',
  ...imports.map((path) => `import "${path}";`),
  ...(imports.length === 0 ? [] : ['']),
  'option go_package = "holdfast.dev/holdfast/v1;holdfastv1";',
  'option java_multiple_files = true;',
  'option java_package = "dev.holdfast.v1";',
];

const typesComment = `What all services share.

A message has the fields of the JSON that the HTTP interface takes and gives, with the same names and meanings. A word in JSON ("exclusive") is an enum value (LOCK_MODE_EXCLUSIVE), and null is an unset field. Arbitrary JSON is a google.protobuf.Value, whose null_value is its null: unset, such a field is absent. A field that a comment calls absent is unset. Times are in seconds. Fence tokens, revisions and request ids stay below 2^53, so every language can represent them.

An error is a status with a message for people. Its code, which programs branch on, is the \`reason\` of a google.rpc.ErrorInfo in its details, and the trailer \`holdfast-code\`.`;

export function protoFiles(groups: readonly Group[]): readonly TextFile[] {
  const served = groups.filter(({ service }) => service !== undefined);
  const homes = new Map<Message, string>();
  const shared = new Set<Enumeration>();
  for (const group of served) {
    for (const message of messagesOf(group)) {
      if (!homes.has(message)) homes.set(message, group.name); // PROTO-1
      for (const { of, nestedIn } of enumerationsIn(message))
        if (nestedIn === undefined) shared.add(of);
    }
  }
  const services = served.map((group) => ({
    path: `${folder}/${group.name}.proto`,
    text: serviceFile(group, homes),
  }));
  return [...services, { path: `${folder}/${typesFile}.proto`, text: typesText([...shared]) }];
}

function serviceFile(group: Group, homes: ReadonlyMap<Message, string>): string {
  const own = messagesOf(group).filter((message) => homes.get(message) === group.name);
  const used = messagesOf(group);
  const foreign = used.map((message) => homes.get(message) ?? '').filter((h) => h !== group.name);
  const all = own.flatMap((message) => [message, ...nestedMessages(message)]);
  const imports = new Set(foreign.map((home) => `${folder}/${home}.proto`));
  if (all.some(hasJson)) imports.add(jsonFile);
  if (own.some((message) => enumerationsIn(message).some(({ nestedIn }) => nestedIn === undefined)))
    imports.add(`${folder}/${typesFile}.proto`);
  return [
    ...header(comments(group.description, ''), [...imports].sort()),
    '',
    ...serviceLines(group),
    ...own.flatMap((message) => ['', ...messageLines(message, '')]),
    '',
  ].join('\n');
}

function serviceLines(group: Group): readonly string[] {
  const methods = group.operations.flatMap((operation) => {
    if (!('grpc' in operation) || operation.grpc === undefined) return [];
    const { method, comment } = operation.grpc;
    const isStream = operation.kind === 'stream';
    const asked = isStream && operation.direction === 'both' ? 'stream ' : '';
    const told = isStream ? 'stream ' : '';
    const answer = nameOf(isStream ? operation.tells : operation.answer);
    return [
      [
        ...comments(comment, '  '),
        `  rpc ${method}(${asked}${nameOf(operation.request)}) returns (${told}${answer});`,
      ],
    ];
  });
  return [
    ...comments(group.description, ''),
    `service ${group.service ?? ''} {`,
    ...methods.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines])),
    '}',
  ];
}

// ---- messages -----------------------------------------------------------------------------------

function nameOf({ protoName, typeName }: Message): string {
  if (protoName === undefined)
    throw new Error(`The message ${typeName ?? '(without a name)'} has no name on gRPC.`);
  return protoName;
}

/** Those on the top level that the methods of a group use, each once. */
function messagesOf({ operations }: Group): readonly Message[] {
  const found = new Set<Message>();
  const add = (message: Message): void => {
    if (found.has(message)) return;
    if (message.isNested !== true) found.add(message);
    for (const inner of messagesIn(message)) add(inner);
  };
  for (const operation of operations) {
    if (!('grpc' in operation) || operation.grpc === undefined) continue;
    add(operation.request);
    add(operation.kind === 'stream' ? operation.tells : operation.answer);
  }
  return [...found];
}

const schemasIn = ({ fields }: Message): readonly Schema[] =>
  Object.values(fields).map(([, schema]) => valueOf(schema));

/** What stands in a list, or where it is not null. */
function valueOf(schema: Schema): Schema {
  const { shape } = schema;
  return shape.kind === 'list' || shape.kind === 'nullable' ? valueOf(shape.of) : schema;
}

function messagesIn(message: Message): readonly Message[] {
  return schemasIn(message).flatMap(({ shape }) =>
    shape.kind === 'message' ? [shape.message] : [],
  );
}

const nestedMessages = (message: Message): readonly Message[] =>
  messagesIn(message).filter(({ isNested }) => isNested === true);

const hasJson = (message: Message): boolean =>
  schemasIn(message).some(({ shape }) => shape.kind === 'json');

interface Used {
  readonly of: Enumeration;
  readonly nestedIn: string | undefined;
}

/** Of a message and of those that are nested in it. */
function enumerationsIn(message: Message): readonly Used[] {
  const own = schemasIn(message).flatMap(({ shape }) =>
    shape.kind === 'words' ? [{ of: shape.of, nestedIn: shape.of.nestedIn }] : [],
  );
  return [...own, ...nestedMessages(message).flatMap(enumerationsIn)];
}

function messageLines(message: Message, indent: string): readonly string[] {
  const inner = `${indent}  `;
  const enums = new Set(
    enumerationsIn(message)
      .filter(({ nestedIn }) => nestedIn === message.protoName)
      .map(({ of }) => of),
  );
  const parts = [
    ...[...enums].map((one) => enumLines(one, inner)),
    ...nestedMessages(message).map((one) => messageLines(one, inner)),
    ...fieldParts(message, inner),
  ];
  return [
    ...comments(message.description, indent),
    `${indent}message ${nameOf(message)} {`,
    ...parts.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines])),
    `${indent}}`,
  ];
}

function fieldParts(message: Message, indent: string): readonly (readonly string[])[] {
  const { oneOf, fields } = message;
  const inner = oneOf === undefined ? indent : `${indent}  `;
  const parts = Object.entries(fields)
    .sort(([, [a]], [, [b]]) => a - b)
    .map(([name, [number, schema]]) => [
      ...comments(commentOf(schema) ?? '', inner),
      `${inner}${typeOf(schema)} ${name} = ${String(number)};`,
    ]);
  if (oneOf === undefined) return parts;
  return [
    [
      ...comments(oneOf.description, indent),
      `${indent}oneof ${oneOf.name} {`,
      ...parts.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines])),
      `${indent}}`,
    ],
  ];
}

/** With what tells that it may be missing: messages can always be unset. */
function typeOf(schema: Schema): string {
  const { shape, optional } = schema;
  if (shape.kind === 'list') return `repeated ${scalarOf(shape.of)}`;
  const value = valueOf(schema);
  const scalar = scalarOf(value);
  const mayMiss = optional === true || shape.kind === 'nullable';
  const isMessage = value.shape.kind === 'message' || value.shape.kind === 'json';
  return mayMiss && !isMessage ? `optional ${scalar}` : scalar;
}

function scalarOf({ shape }: Schema): string {
  switch (shape.kind) {
    case 'string':
      return 'string';
    case 'integer':
      return shape.format;
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'always':
      return typeof shape.value === 'boolean' ? 'bool' : 'string';
    case 'words':
      return shape.of.name;
    case 'json':
      return 'google.protobuf.Value';
    case 'message':
      return nameOf(shape.message);
    case 'list':
    case 'nullable':
      throw new Error('A list of lists, or of what may be null, has no form on gRPC.');
  }
}

// ---- enums --------------------------------------------------------------------------------------

/** `LockMode` → `LOCK_MODE_`, with which all its values begin. */
export const enumPrefix = (name: string): string =>
  `${name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase()}_`;

function enumLines(enumeration: Enumeration, indent: string): readonly string[] {
  const { name, description, unspecified, values } = enumeration;
  const prefix = enumPrefix(name);
  return [
    ...comments(description, indent),
    `${indent}enum ${name} {`,
    ...comments(unspecified, `${indent}  `),
    `${indent}  ${prefix}UNSPECIFIED = 0;`,
    ...Object.entries(values).flatMap(([word, [number, meaning]]) => [
      ...comments(meaning, `${indent}  `),
      `${indent}  ${prefix}${word.toUpperCase()} = ${String(number)};`,
    ]),
    `${indent}}`,
  ];
}

function typesText(shared: readonly Enumeration[]): string {
  const comment = typesComment.split('\n').flatMap((line) => comments(line, ''));
  return [
    ...header(comment, []),
    ...shared.flatMap((enumeration) => ['', ...enumLines(enumeration, '')]),
    '',
  ].join('\n');
}

const comments = (text: string, indent: string): readonly string[] =>
  text === ''
    ? ['//']
    : wrapped(text, width - indent.length - 3).map((line) => `${indent}// ${line}`);

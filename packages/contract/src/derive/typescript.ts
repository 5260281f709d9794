/**
 * The types of clients and servers as plain interfaces, for people to read, and the tables of what clients
 * know of operations and errors. The text is formatted by whoever writes it.
 *
 * TS-1: an interface stands in one module: that of the first group which uses it.
 */
import type { Group, Operation, UnaryOperation } from '../operation.ts';
import type { ErrorDeclaration } from '../operation.ts';
import type { Enumeration, Message, Schema, Shape } from '../schema.ts';
import type { StreamFrame, StreamPush } from '../stream.ts';
import { commentOf, wrapped } from './comment.ts';
import type { TextFile } from './proto.ts';

const note =
  '// Made from packages/contract by "make documents". Change the declaration, not this file.';
const width = 110;

interface Named {
  readonly name: string;
  readonly lines: readonly string[];
}

export function typeScriptFiles(
  groups: readonly Group[],
  errors: Readonly<Record<string, ErrorDeclaration>>,
  frames: readonly StreamFrame[],
  pushes: readonly StreamPush[],
): readonly TextFile[] {
  const homes = new Map([['Problem', '../errors']]);
  const modules = groups.map((group) => moduleOf(group.name, messagesOf(group), homes));
  const ofFrames = [
    ...frames.flatMap(({ request, answer }) => [request, answer]),
    ...pushes.map(({ body }) => body),
  ];
  return [
    ...modules,
    moduleOf('frames', ofFrames, homes),
    { path: 'stream-frames.ts', text: streamFramesText(groups, frames, pushes, homes) },
    { path: 'operations.ts', text: operationsText(groups, homes) },
    { path: 'words.ts', text: wordsText(groups, homes) },
    { path: 'operation-traits.ts', text: traitsText(unaryOperations(groups)) },
    { path: 'error-definitions.ts', text: errorsText(errors) },
    {
      path: 'index.ts',
      text: [
        note,
        ...groups.map(({ name }) => `export type * from './${name}.ts';`),
        `export type * from './frames.ts';`,
        `export type * from './operations.ts';`,
        `export * from './stream-frames.ts';`,
        `export * from './operation-traits.ts';`,
        `export * from './words.ts';`,
        `export * from './error-definitions.ts';`,
        '',
      ].join('\n'),
    },
  ];
}

const unaryOperations = (groups: readonly Group[]): readonly UnaryOperation[] =>
  groups.flatMap(({ operations }) => operations.filter((one) => one.kind === 'unary'));

const pathOf = (home: string): string => `${home.startsWith('../') ? '' : './'}${home}.ts`;

// ---- interfaces ---------------------------------------------------------------------------------

function moduleOf(
  module: string,
  messages: readonly Message[],
  homes: Map<string, string>,
): TextFile {
  const declared: Named[] = [];
  const imports = new Map<string, Set<string>>();
  const refer = (name: string, lines: () => readonly string[]): string => {
    const home = homes.get(name);
    if (home === undefined) {
      homes.set(name, module); // TS-1
      declared.push({ name, lines: lines() });
    } else if (home !== module) imports.set(home, (imports.get(home) ?? new Set()).add(name));
    return name;
  };
  for (const message of messages) typeOfMessage(message, refer);
  const written = declared.flatMap(({ lines }) => lines).join('\n');
  const isUsed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(written);
  const imported = [...imports].flatMap(([home, names]) => {
    const used = [...names].filter(isUsed).sort();
    return used.length === 0 ? [] : [`import type { ${used.join(', ')} } from '${pathOf(home)}';`];
  });
  const text = [
    note,
    ...(isUsed('Json') ? [`import type { Json } from '../json.ts';`] : []),
    ...imported,
    '',
    ...declared.flatMap(({ lines }) => [...lines, '']),
  ].join('\n');
  return { path: `${module}.ts`, text };
}

function messagesOf({ operations }: Group): readonly Message[] {
  return operations.flatMap((operation) => {
    const told: Message[] =
      operation.kind === 'unary' || operation.kind === 'control'
        ? [operation.answer]
        : operation.kind === 'stream'
          ? [operation.tells, ...(operation.begun === undefined ? [] : [operation.begun])]
          : [];
    return [operation.request, ...told];
  });
}

type Refer = (name: string, lines: () => readonly string[]) => string;

function typeOfMessage(message: Message, refer: Refer): string {
  const { typeName, description, fields } = message;
  const body = (): string =>
    [
      '{',
      ...Object.entries(fields).flatMap(([name, [, schema]]) => [
        ...docLines(commentOf(schema)),
        `readonly ${name}${schema.optional === true ? '?' : ''}: ${typeOf(schema, refer)};`,
      ]),
      '}',
    ].join('\n');
  if (typeName === undefined) return body();
  return refer(typeName, () => {
    const isEmpty = Object.keys(fields).length === 0;
    const declaration = isEmpty
      ? `export type ${typeName} = Readonly<Record<string, never>>;`
      : `export interface ${typeName} ${body()}`;
    return [...docLines(description), declaration];
  });
}

const typeOf = ({ shape }: Schema, refer: Refer): string => shapeType(shape, refer);

function shapeType(shape: Shape, refer: Refer): string {
  switch (shape.kind) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'always':
      return typeof shape.value === 'string' ? `'${shape.value}'` : 'true';
    case 'words':
      return wordsType(shape.of, shape.words, refer);
    case 'json':
      return 'Json';
    case 'list': {
      const of = typeOf(shape.of, refer);
      return /[ {]/.test(of) && !of.startsWith('{') ? `readonly (${of})[]` : `readonly ${of}[]`;
    }
    case 'nullable':
      return `${typeOf(shape.of, refer)} | null`;
    case 'message':
      return typeOfMessage(shape.message, refer);
  }
}

const union = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' | ');

function wordsType(of: Enumeration, words: readonly string[], refer: Refer): string {
  const all = Object.keys(of.values);
  if (of.typeName === undefined || words.length < all.length) return union(words);
  return refer(of.typeName, () => [
    ...docLines(
      `${of.description} ${all.map((word) => `\`${word}\`: ${of.values[word]?.[1] ?? ''}`).join(' ')}`,
    ),
    `export type ${of.typeName ?? ''} = ${union(all)};`,
  ]);
}

function docLines(comment: string | undefined): readonly string[] {
  if (comment === undefined) return [];
  const lines = wrapped(comment, width);
  return lines.length === 1
    ? [`/** ${comment} */`]
    : ['/**', ...lines.map((line) => ` * ${line}`), ' */'];
}

// ---- tables -------------------------------------------------------------------------------------

/** Names types of other modules, and tells what imports those that were named. */
function namesIn(homes: ReadonlyMap<string, string>): {
  readonly nameOf: (message: Message) => string;
  readonly imports: () => readonly string[];
} {
  const used = new Map<string, Set<string>>();
  return {
    nameOf({ typeName = '' }) {
      const home = homes.get(typeName) ?? '';
      used.set(home, (used.get(home) ?? new Set()).add(typeName));
      return typeName;
    },
    imports: () =>
      [...used].map(
        ([home, names]) =>
          `import type { ${[...names].sort().join(', ')} } from '${pathOf(home)}';`,
      ),
  };
}

function operationsText(groups: readonly Group[], homes: ReadonlyMap<string, string>): string {
  const unary = unaryOperations(groups);
  const { nameOf, imports } = namesIn(homes);
  const entries = (some: readonly UnaryOperation[]): readonly string[] =>
    some.map(
      ({ name, request, answer }) =>
        `readonly ${name}: { readonly body: ${nameOf(request)}; readonly answer: ${nameOf(answer)} };`,
    );
  const wire = entries(unary.filter(({ onStream }) => onStream));
  const others = entries(unary.filter(({ onStream }) => !onStream));
  return [
    note,
    ...imports(),
    '',
    '/** Operations of the client stream, each also behind a path of HTTP: name → body and answer. */',
    'export interface Operations {',
    ...wire,
    '}',
    'export type OperationName = keyof Operations;',
    '',
    '/** Operations that the client stream does not have. */',
    'export interface HttpOperations {',
    ...others,
    '}',
    '',
  ].join('\n');
}

/** What a client stream has beside the operations of one answer: its own frames, and what only a stream can be asked for. */
function streamFramesText(
  groups: readonly Group[],
  frames: readonly StreamFrame[],
  pushes: readonly StreamPush[],
  homes: ReadonlyMap<string, string>,
): string {
  const { nameOf, imports } = namesIn(homes);
  const entry = (name: string, body: string, answer: Message): string =>
    `readonly ${name}: { readonly body: ${body}; readonly answer: ${nameOf(answer)} };`;
  const asked = groups.flatMap(({ operations }) =>
    operations.flatMap((operation) => {
      const answer =
        operation.kind === 'control'
          ? operation.answer
          : operation.kind === 'stream'
            ? operation.begun
            : undefined;
      if (answer === undefined) return [];
      const { name, request } = operation;
      return [{ name, text: entry(name, nameOf(request), answer) }];
    }),
  );
  const own = frames.map(({ name, request, isBodyUnread, answer }) => {
    const body = nameOf(request) + (isBodyUnread === true ? ' | null' : '');
    return { name, text: entry(name, body, answer) };
  });
  const all = [...own, ...asked];
  const pushed = pushes.map(({ kind, body }) => `readonly ${kind}: ${nameOf(body)};`);
  const ofStreams = groups.flatMap(({ operations }) =>
    operations.filter((one) => one.kind === 'control' || (one.kind === 'unary' && one.onStream)),
  );
  return [
    note,
    ...imports(),
    `import type { OperationName } from './operations.ts';`,
    '',
    '/** What a client stream has beside `Operations`: name → body and answer. */',
    'export interface StreamFrames {',
    ...all.map(({ text }) => text),
    '}',
    'export type StreamFrameName = keyof StreamFrames;',
    '',
    '/** What a node tells unasked: kind → body. */',
    'export interface StreamPushes {',
    ...pushed,
    '}',
    '',
    'export const streamFrameNames: ReadonlySet<string> = new Set<StreamFrameName>([',
    ...all.map(({ name }) => `'${name}',`),
    ']);',
    '',
    ...docLines(
      'What keeps, cancels or gives back. Clients send it before what wants, and both sides have room for it above the room of all others: however much is wanted, what is held can be kept, and given back.',
    ),
    'export const ofHolders: ReadonlySet<string> = new Set<OperationName | StreamFrameName>([',
    ...[...frames, ...ofStreams.filter(isOfHolders)].map(({ name }) => `'${name}',`),
    ']);',
    '',
    ...docLines(
      'What is asked all the time, or only keeps a connection: programs have no spans of it.',
    ),
    'export const untraced: ReadonlySet<string> = new Set<OperationName | StreamFrameName>([',
    ...[...frames, ...ofStreams.filter(({ isUntraced }) => isUntraced === true)].map(
      ({ name }) => `'${name}',`,
    ),
    ']);',
    '',
  ].join('\n');
}

/** What waits is kept in no room of holders: it may take any time. */
const isOfHolders = (operation: Operation): boolean =>
  operation.forHolders !== undefined && !('waits' in operation && operation.waits);

/** The words of each named enum as a value: `LockMode` → `lockModeWords`. */
function wordsText(groups: readonly Group[], homes: ReadonlyMap<string, string>): string {
  const named = new Map<string, Enumeration>();
  for (const group of groups) for (const message of messagesOf(group)) collectNamed(message, named);
  const names = [...named.keys()];
  const constant = (name: string): string => `${name.charAt(0).toLowerCase()}${name.slice(1)}Words`;
  return [
    note,
    ...names.map((name) => `import type { ${name} } from './${homes.get(name) ?? ''}.ts';`),
    '',
    ...[...named].map(
      ([name, { values }]) =>
        `export const ${constant(name)}: readonly ${name}[] = ${JSON.stringify(Object.keys(values))};`,
    ),
    '',
  ].join('\n');
}

function collectNamed({ fields }: Message, named: Map<string, Enumeration>): void {
  const collect = ({ shape }: Schema): void => {
    if (shape.kind === 'words' && shape.of.typeName !== undefined)
      named.set(shape.of.typeName, shape.of);
    else if (shape.kind === 'list' || shape.kind === 'nullable') collect(shape.of);
    else if (shape.kind === 'message') collectNamed(shape.message, named);
  };
  for (const [, schema] of Object.values(fields)) collect(schema);
}

/** How the session stands in the request. */
function sessionOf({ request }: Operation): 'required' | 'optional' | 'none' {
  const field = request.fields['session_id'];
  if (field === undefined) return 'none';
  return field[1].optional === true ? 'optional' : 'required';
}

function traitsText(unary: readonly UnaryOperation[]): string {
  const wire = unary.filter(({ onStream }) => onStream);
  const kinds = wire.flatMap(({ waitKind }) => (waitKind === undefined ? [] : [waitKind]));
  return [
    note,
    `import type { OperationName } from './operations.ts';`,
    '',
    '/** What a client knows of an operation. */',
    'export interface OperationTraits {',
    ...docLines(
      'How it may be sent again while its outcome is unknown: `always`; once only with its request id (`numbered`: increasing in the session; `by_id`: any unique text); `never`.',
    ),
    `readonly repeat: 'always' | 'numbered' | 'by_id' | 'never';`,
    ...docLines('Whether it may change more than the expiry of a session or hold.'),
    'readonly changes: boolean;',
    ...docLines('Whether it may wait; the caller may cancel the wait.'),
    'readonly waits: boolean;',
    ...docLines('How `cancel_request` names the wait queue in which it waits.'),
    `readonly waitKind?: ${union(kinds)};`,
    ...docLines('Whether its body names a session.'),
    `readonly session: 'required' | 'optional' | 'none';`,
    '}',
    '',
    'export const operationTraits: Readonly<Record<OperationName, OperationTraits>> = {',
    ...wire.map(({ name, repeat, changes, waits, waitKind, ...rest }) => {
      const kind = waitKind === undefined ? '' : `, waitKind: '${waitKind}'`;
      const session = sessionOf({ name, repeat, changes, ...rest });
      return `${name}: { repeat: '${repeat}', changes: ${String(changes)}, waits: ${String(waits === true)}${kind}, session: '${session}' },`;
    }),
    '};',
    '',
  ].join('\n');
}

function errorsText(errors: Readonly<Record<string, ErrorDeclaration>>): string {
  const rows = Object.entries(errors).map(([code, declared]) => {
    const { status, title, retry, effect = 'none', by, note: more } = declared;
    return `${code}: ${JSON.stringify({ status, title, retry, effect, by, ...(more === undefined ? {} : { note: more }) })},`;
  });
  return [
    note,
    `import type { ErrorDefinition } from '../error-definition.ts';`,
    '',
    '/** A stable, documented error code. */',
    `export type ErrorCode = ${union(Object.keys(errors))};`,
    '',
    'export const errorDefinitions: Readonly<Record<ErrorCode, ErrorDefinition>> = {',
    ...rows,
    '};',
    '',
  ].join('\n');
}

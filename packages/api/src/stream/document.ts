/** docs/stream.md: the protocol of the client stream, in words, from what the contract declares of it. */
import { operations, streamFrames, streamPushes } from '@holdfast/contract';
import type { Message, Schema } from '@holdfast/contract';
import { longestMessageBytes, streamPath } from '@holdfast/protocol';
import { mostInFrame } from './frame.ts';
import { closeCodes } from './host.ts';

const closesInWords: Readonly<Record<keyof typeof closeCodes, string>> = {
  goingAway: 'The node shuts down: use another one.',
  protocolError:
    'A frame is not a batch of requests, or an id is used again before it is answered: its answers could not be told.',
  invalidText: 'A frame is not UTF-8.',
  policyViolation: 'The key, or the certificate, of the caller does not hold any more.',
  tooLarge: 'A frame is longer than a node reads, or has more requests.',
  internalError: 'The node had an internal error, and logged it.',
  serviceRestart:
    'The node installed a snapshot, so that events before it are lost: read the present state, and watch from now on.',
  tryAgainLater:
    'The client does not read fast enough, or the node cannot judge its key yet: open another stream.',
};

function fieldLines({ fields }: Message): readonly string[] {
  return Object.entries(fields).map(([name, [, schema]]) => {
    const isOptional = schema.optional === true ? ', optional' : '';
    return `- \`${name}\` (${typeInWords(schema)}${isOptional}): ${schema.description ?? ''}`;
  });
}

function typeInWords({ shape }: Schema): string {
  if (shape.kind === 'words') return shape.words.map((word) => `\`${word}\``).join(' or ');
  if (shape.kind === 'nullable') return `${typeInWords(shape.of)} or null`;
  if (shape.kind === 'message') return 'object';
  if (shape.kind === 'list') return 'array';
  return shape.kind === 'always' ? typeof shape.value : shape.kind;
}

function frameLines({ name, description, ...frame }: (typeof streamFrames)[number]): string[] {
  const { request, isBodyUnread, answer, errors } = frame;
  const asked = fieldLines(request);
  const told = fieldLines(answer);
  return [
    `### ${name}`,
    '',
    description,
    '',
    asked.length > 0
      ? 'Body:'
      : `Body: \`{}\`${isBodyUnread === true ? ', null, or none: nothing of it is read' : ''}.`,
    '',
    ...asked,
    '',
    told.length > 0 ? 'Answer:' : 'Answer: `{}`.',
    '',
    ...told,
    '',
    `Errors: ${errors.length === 0 ? 'none' : errors.map((code) => `\`${code}\``).join(', ')}.`,
    '',
  ];
}

function controlRows(): readonly string[] {
  const { tells, controls } = Object.groupBy(operations, ({ kind }) =>
    kind === 'control' ? 'controls' : 'tells',
  );
  const begun = (tells ?? []).filter((one) => one.kind === 'stream' && one.begun !== undefined);
  return [...begun, ...(controls ?? [])].map(
    ({ name, request: { typeName = '', description } }) =>
      `| \`${name}\` | \`${typeName}\` | ${description} |`,
  );
}

/** @param generated The line that says what the document is made from. */
export function streamDocument(generated: string): string {
  return [
    generated,
    '',
    '# The client stream',
    '',
    `A WebSocket at \`${streamPath}\` of every node, on the port of HTTP. It carries every operation of \`POST /operations/{operation}\` ([openapi.json](openapi.json)), many at once, and what a node tells unasked. The TypeScript client is one client of it; the types of all frames are in the package \`@holdfast/protocol\`.`,
    '',
    '## Frames',
    '',
    `A frame of the client is JSON, an array of requests: at most ${mostInFrame.toLocaleString('en-US')} of them, and ${longestMessageBytes.toLocaleString('en-US')} bytes. A request is an array:`,
    '',
    '- an id, a whole number from 1, which no other unanswered request of the stream has;',
    '- the name of the operation, or of one of the frames below;',
    '- its body;',
    '- optional, or null: the request id below which all responses to numbered requests of the session of the body have arrived;',
    '- optional: the span of a trace under which it is executed ([traces](tracing.md)).',
    '',
    'A frame of the node is an array of answers, in any order: `[id, 0, answer]`, `[id, 1, problem]` ([errors](errors.md)), and pushes `[0, kind, body]`. Every request is answered once, while the stream stands. A frame is text or binary, and is answered in the same kind.',
    '',
    '```text',
    '> [[1,"hello",{"api_key":"hf_..."}],[2,"lock_status",{"name":"a"}]]',
    '< [[0,"cluster",{"cluster_id":"c","node_id":"n1","leader":"n1","members":[]}],[1,0,{"identity":"worker"}]]',
    '< [[2,0,{"resource":"a",...}]]',
    '```',
    '',
    '## Frames about the stream itself',
    '',
    'The node that has the stream answers them alone. No access rule is asked about them, and they are never refused for how many were sent.',
    '',
    ...streamFrames.flatMap(frameLines),
    '## What only a stream can be asked for',
    '',
    'Validated, admitted by access rules and recorded as every operation is.',
    '',
    '| Name | Body | What it asks for |',
    '| --- | --- | --- |',
    ...controlRows(),
    '',
    '## What a node tells unasked',
    '',
    ...streamPushes.flatMap(({ kind, description, body }) => [
      `### ${kind}`,
      '',
      description,
      '',
      ...fieldLines(body),
      '',
    ]),
    '## How it ends',
    '',
    '| Code | Why |',
    '| --- | --- |',
    ...Object.entries(closesInWords).map(
      ([why, told]) => `| ${String(closeCodes[why as keyof typeof closeCodes])} | ${told} |`,
    ),
    '',
  ].join('\n');
}

/** Requests that are wrong in one place, made from the declaration of an operation. */
import type { Message, Operation, Schema } from '@holdfast/contract';
import { sampleOf } from './samples.ts';

export type Body = Readonly<Record<string, unknown>>;

export interface BadInput {
  /** What is wrong with it, for people. */
  readonly what: string;
  /** Of the field that is wrong, as an error names it: `messages.0.key`. */
  readonly field: string;
  readonly body: Body;
  readonly code: 'invalid_request' | 'name_too_long';
  /**
   * `value`: JSON of the right type, which a query of HTTP can say; `negative`: the same below 0, of a field that has no sign on gRPC;
   * `large`: more than is kept; `type`: of a wrong type; `shape`: what no typed
   * interface can say, an unknown field or one that is missing.
   */
  readonly kind: 'value' | 'negative' | 'large' | 'type' | 'shape';
}

interface BadValue {
  readonly what: string;
  readonly value: unknown;
  readonly kind: 'value' | 'negative' | 'large' | 'type';
}

const wrongType = (...values: readonly unknown[]): readonly BadValue[] =>
  values.map((value) => ({ what: `is ${JSON.stringify(value)}`, value, kind: 'type' }));
const wrong = (what: string, value: unknown): BadValue => ({ what, value, kind: 'value' });

/** 65,537 bytes as JSON. */
const tooLarge = 'x'.repeat(65_535);

/** What the declaration of a field refuses. */
function badValues({ shape }: Schema): readonly BadValue[] {
  switch (shape.kind) {
    case 'string': {
      const { minLength = 0, maxLength, isText } = shape;
      return [
        ...wrongType(7, [], null),
        ...(minLength > 0 ? [wrong('is empty', '')] : []),
        ...(maxLength === undefined ? [] : [wrong('is too long', 'x'.repeat(maxLength + 1))]),
        ...(isText === true ? [wrong('has a NUL', 'a\0b')] : []),
      ];
    }
    case 'integer':
    case 'number': {
      const { minimum, maximum } = shape;
      const isWhole = shape.kind === 'integer';
      return [
        ...wrongType('many', true, [], null, ...(isWhole ? [1.5] : [])),
        ...(minimum === undefined
          ? []
          : [
              {
                ...wrong('is below the least', minimum - 1),
                kind: isWhole && minimum === 0 ? ('negative' as const) : ('value' as const),
              },
            ]),
        ...(maximum === undefined ? [] : [wrong('is above the most', maximum + 1)]),
        ...(isWhole && maximum === undefined ? [wrong('is not exact', 2 ** 53)] : []),
      ];
    }
    case 'boolean':
      return wrongType('perhaps', 2, null);
    case 'words':
      return wrongType('nonsense', 'toString', 3, null);
    case 'list':
      return [
        ...wrongType('x', {}, null),
        ...((shape.minItems ?? 0) > 0 ? [wrong('is empty', [])] : []),
        ...wrongType(['x']).map((one) => ({ ...one, what: 'has what is no such item' })),
      ];
    case 'message':
      return wrongType('x', [], null);
    case 'json':
      return [{ ...wrong('is too large', tooLarge), kind: 'large' }];
    case 'always':
    case 'nullable':
      return [];
  }
}

/** Each in one field of a request that is right otherwise. */
export function badInputsOf(operation: Operation): readonly BadInput[] {
  const sample = sampleOf(operation);
  return [...badFields(operation.request, sample, ''), ...badLists(operation, sample)];
}

function badFields(message: Message, sample: Body, under: string): readonly BadInput[] {
  const found: BadInput[] = [];
  const add = (field: string, body: Body, about: Pick<BadInput, 'what' | 'kind' | 'code'>): void =>
    void found.push({ field: `${under}${field}`, body, ...about });
  const code = 'invalid_request' as const;
  for (const [field, [, schema]] of Object.entries(message.fields)) {
    for (const { what, value, kind } of badValues(schema)) {
      const isName = what === 'is too long' && `${under}${field}` === 'queue';
      const isItem = what === 'has what is no such item';
      const about = { what, kind, code: isName ? ('name_too_long' as const) : code };
      add(isItem ? `${field}.0` : field, { ...sample, [field]: value }, about);
    }
    if (schema.optional !== true) {
      const { [field]: _left, ...rest } = sample;
      add(field, rest, { what: 'is missing', kind: 'shape', code });
    }
    if (schema.shape.kind === 'message') {
      const inner = sampleOfMessage(schema.shape.message);
      for (const one of badFields(schema.shape.message, inner, `${under}${field}.`))
        found.push({ ...one, body: { ...sample, [field]: one.body } });
    }
  }
  const unknown = { ...sample, no_such_field: 1 };
  add('no_such_field', unknown, { what: 'is unknown', kind: 'shape', code });
  return found.map((one) =>
    // An error about what does not belong here names it without the place.
    one.what === 'is unknown' || one.what === 'is missing'
      ? { ...one, field: one.field.slice(under.length) }
      : one,
  );
}

const sampleOfMessage = (message: Message): Body =>
  Object.fromEntries(
    Object.entries(message.fields).flatMap(([name, [, schema]]) =>
      schema.optional === true ? [] : [[name, schema.example ?? 'x'] as const],
    ),
  );

/** In an item of a list. */
function badLists({ request }: Operation, sample: Body): readonly BadInput[] {
  return Object.entries(request.fields).flatMap(([field, [, { shape }]]) => {
    if (shape.kind !== 'list' || shape.of.shape.kind !== 'message') return [];
    const { message } = shape.of.shape;
    const item = sampleOfMessage(message);
    const most = shape.maxItems ?? 0;
    const tooMany: BadInput = {
      what: 'is too long',
      field,
      body: { ...sample, [field]: Array.from({ length: most + 1 }, () => item) },
      code: 'invalid_request',
      kind: 'value',
    };
    const inItems = badFields(message, item, `${field}.0.`).map((one): BadInput => ({
      ...one,
      body: { ...sample, [field]: [one.body] },
    }));
    return [...inItems, ...(most > 0 ? [tooMany] : [])];
  });
}

/** Any JSON, as google.protobuf.Value tells it; in the shape in which protobufjs has that message. */
import type { Json } from '@holdfast/protocol';
import { deepestValue } from '../validation/depth.ts';

/** A message that cannot be told as JSON. */
export class NotJson extends Error {
  override readonly name: string = 'NotJson';
}

/** `null` for a value of no kind: that is how unset reads. @throws NotJson */
export function jsonOf(value: unknown, depth = 0): Json {
  if (depth > deepestValue)
    throw new NotJson(`The value is nested deeper than ${String(deepestValue)} levels.`); // DEPTH-1
  const fields = propertiesOf(value);
  const { stringValue, numberValue, boolValue, structValue, listValue } = fields;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (typeof numberValue === 'number') {
    if (!Number.isFinite(numberValue)) throw new NotJson(`${String(numberValue)} is not JSON.`);
    return numberValue;
  }
  if (listValue !== undefined && listValue !== null) {
    const { values } = propertiesOf(listValue);
    return Array.isArray(values) ? values.map((one) => jsonOf(one, depth + 1)) : [];
  }
  if (structValue !== undefined && structValue !== null) {
    const members = Object.entries(propertiesOf(propertiesOf(structValue)['fields']));
    return Object.fromEntries(members.map(([key, one]) => [key, jsonOf(one, depth + 1)]));
  }
  return null;
}

export function valueOf(json: unknown): object {
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (Array.isArray(json)) return { listValue: { values: json.map(valueOf) } };
  if (typeof json === 'object' && json !== null) {
    const members = Object.entries(json).map(([key, one]) => [key, valueOf(one)] as const);
    return { structValue: { fields: Object.fromEntries(members) } };
  }
  return { nullValue: 0 };
}

/** Own properties only: protobufjs has the defaults on the prototype. */
function propertiesOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Examples of requests and answers, made of the examples that stand with the fields. */
import type { JsonSchema, ObjectSchema } from '@holdfast/contract';

/** What is required, and what has an example of its own. Who asks is told by one of two fields. */
export function exampleOf(schema: ObjectSchema): Readonly<Record<string, unknown>> {
  const { properties, required = [] } = schema;
  const shown = Object.entries(properties).filter(
    ([name, property]) =>
      required.includes(name) ||
      (property['examples'] !== undefined &&
        !(name === 'client_id' && Object.hasOwn(properties, 'session_id'))),
  );
  return Object.fromEntries(shown.map(([name, property]) => [name, valueOf(property)]));
}

function valueOf(schema: JsonSchema): unknown {
  const [first] = listIn(schema['examples']);
  if (first !== undefined) return first;
  if (schema['const'] !== undefined) return schema['const'];
  const [word] = listIn(schema['enum']);
  if (word !== undefined) return word;
  const [either] = listIn(schema['anyOf']);
  if (isSchema(either)) return valueOf(either);
  switch (schema['type']) {
    case 'object':
      return exampleOf(schema as unknown as ObjectSchema);
    case 'array':
      return isSchema(schema['items']) ? [valueOf(schema['items'])] : [];
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return true;
    case 'string':
      return 'text';
    // Any JSON.
    default:
      return { reason: 'nightly run' };
  }
}

const numberOf = ({ minimum }: JsonSchema): number =>
  typeof minimum === 'number' ? Math.max(minimum, 1) : 1;

const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null;

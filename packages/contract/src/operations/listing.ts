/** What the lists of all kinds are asked, and what they tell beside their rows. */
import {
  askedConsistency,
  clientId,
  consistency,
  longestPage,
  maxNameLength,
  namePrefix,
  statusRevision,
} from '../fields.ts';
import { answer, get, reading, request } from '../operation.ts';
import type { RequiredAccess, UnaryOperation } from '../operation.ts';
import { boolean, list, nullable, object, optional, string, text, uint32 } from '../schema.ts';
import type { Message, Schema } from '../schema.ts';

interface ListOf {
  /** `sessions`: of the path, of the operation, and of the field with the rows. */
  readonly plural: string;
  readonly row: Message;
  readonly access: RequiredAccess;
  readonly summary: string;
  /** What `client_id` asks for; absent: the kind has no clients. */
  readonly ofClient?: string;
  /** What `waiting` asks for; absent: the kind has no wait queue. */
  readonly waitedFor?: string;
}

const clientOf = (
  description: string | undefined,
): Readonly<Record<string, readonly [5, Schema]>> =>
  description === undefined ? {} : { client_id: [5, optional(clientId, description)] };

const waitingOf = (
  description: string | undefined,
): Readonly<Record<string, readonly [6, Schema]>> =>
  description === undefined ? {} : { waiting: [6, optional(boolean(description))] };

/** `GET /{kind}`, `List…` of gRPC. */
export function listing({
  plural,
  row,
  access,
  summary,
  ofClient,
  waitedFor,
}: ListOf): UnaryOperation {
  const method = `List${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
  return reading({
    name: `list_${plural}`,
    request: request(method, `${method}Body`, {
      prefix: [1, optional(namePrefix)],
      after: [2, optional(text(1, maxNameLength, '`next_after` of the page before.'))],
      limit: [3, optional(uint32(1, longestPage, 'Rows on a page, at most; 100 when absent.'))],
      consistency: [4, askedConsistency],
      ...clientOf(ofClient),
      ...waitingOf(waitedFor),
    }),
    answer: answer(method, `${method}Answer`, {
      [plural]: [1, list(object(row), 'In the order of names; of each the first 10 of its lists.')],
      next_after: [
        2,
        nullable(
          string(
            '`after` of the next page; null on the last. A page may have few rows, or none, and not be the last.',
          ),
        ),
      ],
      consistency: [3, consistency],
      revision: [4, statusRevision],
    }),
    errors: [],
    access: { ...access, filtered: true },
    http: [get(`/${plural}`, summary)],
    grpc: { method, comment: `${summary} By pages.` },
  });
}

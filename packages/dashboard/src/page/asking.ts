/**
 * Requests to the node that served the page, with the key of whoever signed in. The key stays in this tab: it is forgotten
 * when the tab is closed.
 */
const keyName = 'holdfast-key';
/** A linearizable read of a cluster without a leader ends at the node's own limit; this is for a node that is gone. */
const longestAnswerMs = 15_000;

export const key = {
  read: (): string => sessionStorage.getItem(keyName) ?? '',
  keep: (text: string): void => sessionStorage.setItem(keyName, text),
  forget: (): void => sessionStorage.removeItem(keyName),
};

/** What a request came to that has no answer. */
export interface RequestFailure {
  /** 0: no answer came. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export class RequestFailed extends Error {
  readonly failure: RequestFailure;

  constructor(failure: RequestFailure) {
    super(failure.message);
    this.name = 'RequestFailed';
    this.failure = failure;
  }
}

export const headersOfCaller = (): Record<string, string> => {
  const text = key.read();
  return text === '' ? {} : { authorization: `Bearer ${text}` };
};

/** The problem document of an answer, where it is one. */
export async function failureOf(response: Response): Promise<RequestFailure> {
  const read: unknown = await response.json().catch(() => ({}));
  const { code, detail } = Object(read) as { readonly code?: unknown; readonly detail?: unknown };
  return {
    status: response.status,
    code: typeof code === 'string' ? code : 'unknown',
    message: typeof detail === 'string' ? detail : `The node answered ${String(response.status)}.`,
  };
}

export const asFailure = (error: unknown): RequestFailure =>
  error instanceof RequestFailed
    ? error.failure
    : { status: 0, code: 'unreachable', message: `No answer came: ${String(error)}` };

type Method = 'GET' | 'POST' | 'DELETE';

async function send(
  path: string,
  accept: string,
  signal: AbortSignal | undefined,
  method: Method = 'GET',
  body?: object,
): Promise<Response> {
  const limit = AbortSignal.timeout(longestAnswerMs);
  const response = await fetch(path, {
    method,
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    cache: 'no-store',
    headers: {
      accept,
      ...headersOfCaller(),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // A node that cannot serve tells of itself with 503 and its usual answer.
  if (!response.ok && path !== 'health') throw new RequestFailed(await failureOf(response));
  return response;
}

/**
 * `Answer` is as the contract declares it: page and node are of one release, for the node served the page.
 *
 * @throws RequestFailed Or what `fetch` throws where no answer comes.
 */
export async function ask<Answer>(
  path: string,
  signal?: AbortSignal,
  method: Method = 'GET',
  body?: object,
): Promise<Answer> {
  const response = await send(path, 'application/json', signal, method, body);
  return (await response.json()) as Answer;
}

/** @throws RequestFailed Or what `fetch` throws where no answer comes. */
export const askText = async (path: string, signal: AbortSignal): Promise<string> =>
  (await send(path, 'text/plain', signal)).text();

/** A path with its query; what is undefined or empty is left out. */
export function pathOf(
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const fields = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === ''
      ? []
      : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  );
  return fields.length === 0 ? path : `${path}?${fields.join('&')}`;
}

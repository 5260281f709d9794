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

/** @param text Another key than the one that is kept. */
export const headersOfCaller = (text: string = key.read()): Record<string, string> =>
  text === '' ? {} : { authorization: `Bearer ${text}` };

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

/** The node may answer the next time as it did before: it was not reached, or could not serve. */
export const isPassing = ({ status }: RequestFailure): boolean =>
  status === 0 || status === 429 || status >= 500;

/** What is told where a change failed: of one without an answer nobody knows whether it was executed. */
export function changeFailureText(error: unknown): string {
  const { status, code, message } = asFailure(error);
  return status === 0
    ? `${message}. It may have been executed all the same: look at what is shown now before you repeat it. (outcome_unknown)`
    : `${message} (${code})`;
}

type Method = 'GET' | 'POST' | 'DELETE';

async function send(
  path: string,
  accept: string,
  signal: AbortSignal | undefined,
  method: Method = 'GET',
  body?: object,
  shownKey?: string,
): Promise<Response> {
  const limit = AbortSignal.timeout(longestAnswerMs);
  const response = await fetch(path, {
    method,
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    cache: 'no-store',
    headers: {
      accept,
      ...headersOfCaller(shownKey),
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

/** A question with another key than the one that is kept. @throws As `ask`. */
export const askWith = async (path: string, shownKey: string): Promise<unknown> =>
  (await send(path, 'application/json', undefined, 'GET', undefined, shownKey)).json();

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

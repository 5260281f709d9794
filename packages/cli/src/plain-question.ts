/**
 * One question to a node over HTTP, as the commands of operators ask it.
 *
 * PLAIN-1: without TLS it is asked without `fetch`: to load that takes Node longer than all else that a command does.
 */
import type Http from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AnswerToRead } from '@holdfast/protocol/bounded-answer';
import { askUrl, certificates, keyHeader } from './certificates.ts';

export interface PlainQuestion {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface PlainAnswer extends AnswerToRead {
  readonly ok: boolean;
  /** Of HTTP. */
  readonly status: number;
}

/**
 * With the certificates and the key of this command line.
 *
 * @param showsKey Not where it is not known who listens there, or where somebody else named the address.
 * @throws UsageError where they cannot be used; nobody was asked then.
 */
export async function ask(
  url: string,
  question: PlainQuestion,
  showsKey = true,
): Promise<PlainAnswer> {
  if (!url.startsWith('http:')) return askUrl(url, question, showsKey);
  certificates(); // What cannot be read is told, whoever is asked.
  const key = showsKey ? await keyHeader() : undefined;
  const http = await httpOfNode();
  const { body, method = 'GET', signal } = question;
  const headers = { ...question.headers, ...(key === undefined ? {} : { authorization: key }) };
  return new Promise((resolve, reject) => {
    const asked = http.request(url, { method, headers, signal }, (answer) => {
      const { statusCode: status = 0 } = answer;
      resolve({ ok: status >= 200 && status < 300, status, body: bodyOf(answer) });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** PLAIN-1: an import reads all that a module exports, and one export of this one loads what `fetch` does. */
export const httpOfNode = async (): Promise<typeof Http> =>
  // Node 20.16 has it, and those before it have not.
  'getBuiltinModule' in process
    ? process.getBuiltinModule('node:http')
    : (await import('node:http')).default;

const bodyOf = (answer: IncomingMessage): PlainAnswer['body'] => ({
  getReader() {
    const chunks: AsyncIterator<Buffer> = answer[Symbol.asyncIterator]();
    return {
      read: () => chunks.next(),
      cancel: async () => {
        answer.destroy();
      },
    };
  },
});

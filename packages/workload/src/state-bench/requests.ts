/**
 * Questions to a child process and its answers, over Node's channel between them. Each of the two clients of
 * this benchmark is a process of its own, so that it shares no event loop with what it measures.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export interface BenchClientProcess {
  /** @throws Error with what the child says, or when it has ended, or when the deadline passes. */
  ask(name: string, argument: unknown, deadlineMs: number): Promise<unknown>;
  /** Kills it. */
  close(): void;
}

/** @param name of the file in this folder, without its ending. */
export function startClientProcess(name: string, plan: object): BenchClientProcess {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./${name}.${ending}`, import.meta.url));
  const child = fork(file, [JSON.stringify(plan)], {
    execArgv: [...process.execArgv, '--max-old-space-size=8192'],
  });
  const waiting = new Map<number, (answer: Answer) => void>();
  let ended: string | undefined;
  let lastId = 0;
  child.on('message', (message) => {
    if (!isAnswer(message)) return;
    waiting.get(message.id)?.(message);
  });
  child.on('exit', (code, signal) => {
    ended = `The ${name} process has ended (${String(signal ?? code)}).`;
    for (const [id, settle] of waiting) settle({ id, error: ended });
  });
  return {
    ask(question, argument, deadlineMs) {
      lastId += 1;
      return askChild(child, waiting, ended, { id: lastId, question, argument, deadlineMs });
    },
    close: () => void child.kill('SIGKILL'),
  };
}

function askChild(
  child: ChildProcess,
  waiting: Map<number, (answer: Answer) => void>,
  ended: string | undefined,
  { id, question, argument, deadlineMs }: Question,
): Promise<unknown> {
  if (ended !== undefined) return Promise.reject(new Error(ended));
  return new Promise((resolve, reject) => {
    const finish = (answer: Answer): void => {
      clearTimeout(timer);
      waiting.delete(id);
      if (answer.error === undefined) resolve(answer.value);
      else reject(new Error(`${question}: ${answer.error}`));
    };
    const timer = setTimeout(
      () => finish({ id, error: `no answer in ${String(deadlineMs)} ms` }),
      deadlineMs,
    );
    waiting.set(id, finish);
    child.send({ id, question, argument });
  });
}

interface Question {
  readonly id: number;
  readonly question: string;
  readonly argument: unknown;
  readonly deadlineMs: number;
}

const isAnswer = (value: unknown): value is Answer =>
  typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'number';

/** The child's side: answers by name until the parent is gone. */
export function answerRequests(
  answers: Readonly<Record<string, (argument: unknown) => Promise<unknown>>>,
): void {
  process.on('message', (message: unknown) => {
    if (!isQuestion(message)) return;
    const { id, question, argument } = message;
    const answer = answers[question];
    const value =
      answer === undefined
        ? Promise.reject(new Error(`nobody knows "${question}"`))
        : answer(argument);
    value.then(
      (result) => process.send?.({ id, value: result }),
      (error: unknown) =>
        process.send?.({ id, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}

const isQuestion = (
  value: unknown,
): value is { readonly id: number; readonly question: string; readonly argument: unknown } =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'number' &&
  'question' in value &&
  typeof value.question === 'string';

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface LeaseNodes {
  /** The names by which the nodes know each other; nobody listens there. */
  readonly names: readonly string[];
  /** Of the names, in order. */
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** Starts lease nodes, each a process of its own with a file in the folder. */
export async function startLeaseNodes(count: number, folder: string): Promise<LeaseNodes> {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const program = fileURLToPath(new URL(`./lease-node.${ending}`, import.meta.url));
  const names = Array.from({ length: count }, (_, index) => `http://node-${String(index + 1)}:1`);
  const children = names.map((name, index) => {
    const others = names.filter((other) => other !== name).join(',');
    return fork(program, [join(folder, `node-${String(index + 1)}.sqlite`), name, others]);
  });
  const close = async (): Promise<void> => {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.kill();
        await exited;
      }),
    );
  };
  try {
    const urls = await Promise.all(
      children.map(async (child) => {
        const [url]: unknown[] = await once(child, 'message', {
          signal: AbortSignal.timeout(20_000),
        });
        return String(url);
      }),
    );
    const reached = Object.fromEntries(names.map((name, index) => [name, urls[index] ?? '']));
    for (const child of children) child.send(reached);
    return { names, urls, close };
  } catch (error) {
    await close();
    throw error;
  }
}

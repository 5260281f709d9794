/**
 * A page of docs/ and its examples. How an example tells what it prints:
 *
 * - In a block of kind `bash`, the lines that begin with `#> ` are what the commands above them print
 *   (on both outputs, in order), since the last such lines. A command that fails adds the line
 *   `exit status N`.
 * - In a block of kind `ts`, which is a whole program, the comments `//> ` are what it prints, in order.
 * - `…` stands for anything within a line: ids, times, and what the reader need not see.
 * - Where nothing is told, anything may be printed but a failure: an exit status or a problem document.
 *
 * The blocks of a page run in their order against one new node; the `bash` blocks share one shell, so a
 * variable that one sets is there in the next. There is no way to skip a block of these kinds.
 */
import { readFileSync } from 'node:fs';

const folder = new URL('../../../../../docs/primitives/', import.meta.url);

export interface Step {
  /** Line of the page, for messages. */
  readonly line: number;
  readonly kind: 'bash' | 'ts';
  readonly source: string;
  /** Undefined: anything but a failure. */
  readonly prints: string | undefined;
}

export interface Page {
  readonly name: string;
  readonly text: string;
  readonly steps: readonly Step[];
}

export function readPage(name: string): Page {
  const text = readFileSync(new URL(name, folder), 'utf8');
  return { name, text, steps: blocksOf(text).flatMap(stepsOf) };
}

/** A page of docs/ itself. */
export const readDocument = (name: string): string =>
  readFileSync(new URL(`../${name}`, folder), 'utf8');

export const pagesFolder: URL = folder;

interface Block {
  readonly line: number;
  readonly kind: string;
  readonly lines: readonly string[];
}

/** Fenced code blocks: begun by three backticks and a kind, also within a list. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly line: number; readonly kind: string; readonly lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined)
      open = { line: index + 1, kind: (fence[1] ?? '').trim(), lines: [] };
    else {
      blocks.push(open);
      open = undefined;
    }
  }
  if (open !== undefined)
    throw new Error(`The block of line ${String(open.line)} has no end: add three backticks.`);
  return blocks;
}

const told = { bash: /^#> ?(.*)$/, ts: /\/\/> ?(.*)$/ };

function stepsOf(block: Block): readonly Step[] {
  if (block.kind === 'ts') return [program(block)];
  if (block.kind === 'bash') return commands(block);
  // Other kinds show what is not run. Code that is meant to run must not hide there.
  if (/^(?:sh|shell|console|zsh|typescript|js|javascript|)$/.test(block.kind))
    throw new Error(
      `The block of line ${String(block.line)} is of kind "${block.kind}": use bash or ts, which are run, or text.`,
    );
  return [];
}

function program({ line, lines }: Block): Step {
  const prints = lines.flatMap((one) => told.ts.exec(one)?.[1] ?? []);
  return {
    line,
    kind: 'ts',
    source: `${lines.join('\n')}\n`,
    prints: prints.length === 0 ? undefined : prints.join('\n'),
  };
}

/** A step ends with what it prints. */
function commands(block: Block): readonly Step[] {
  const steps: Step[] = [];
  let source: string[] = [];
  let prints: string[] = [];
  const end = (line: number): void => {
    if (source.join('').trim() !== '')
      steps.push({
        line,
        kind: 'bash',
        source: `${source.join('\n')}\n`,
        prints: prints.length === 0 ? undefined : prints.join('\n'),
      });
    source = [];
    prints = [];
  };
  for (const [index, line] of block.lines.entries()) {
    const shown = told.bash.exec(line)?.[1];
    if (shown !== undefined) prints.push(shown);
    else {
      if (prints.length > 0) end(block.line + index);
      source.push(line);
    }
  }
  end(block.line + block.lines.length);
  return steps;
}

/** Why what was printed is not what the page tells; undefined: it is. */
export function difference({ prints }: Step, printed: string): string | undefined {
  const actual = printed.trimEnd();
  if (prints === undefined) {
    return /^exit status |"code": ?"/m.test(actual)
      ? 'It failed, and the page does not say so.'
      : undefined;
  }
  const pattern = prints
    .split('…')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
    .join('.*');
  return new RegExp(`^${pattern}$`).test(actual) ? undefined : `The page shows\n${prints}`;
}

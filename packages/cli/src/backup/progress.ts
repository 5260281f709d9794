/** How far something large has come, on stderr: a line every few seconds, so that what is quick says nothing. */
const everyMs = 2000;
const mebibyte = 1024 * 1024;

export type OnProgress = (phase: string, bytes: number, totalBytes: number) => void;

export function progressLines(
  json: boolean,
  target: { write(text: string): unknown } = process.stderr,
  now: () => number = () => performance.now(),
): OnProgress {
  let toldAtMs = now();
  return (phase, bytes, totalBytes) => {
    if (now() - toldAtMs < everyMs) return;
    toldAtMs = now();
    const percent = totalBytes === 0 ? 100 : Math.floor((100 * bytes) / totalBytes);
    const progress = { phase, bytes, total_bytes: totalBytes };
    target.write(
      json
        ? `${JSON.stringify({ progress })}\n`
        : `holdfast: ${phase}: ${mebibytes(bytes)} of ${mebibytes(totalBytes)} MiB (${String(percent)} %)\n`,
    );
  };
}

const mebibytes = (bytes: number): string => (bytes / mebibyte).toFixed(1);

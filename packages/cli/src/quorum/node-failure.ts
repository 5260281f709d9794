/** Why a lease node could not be started, as a sentence with the next step. */
import { DiskError } from '@holdfast/storage/files';
import type { NodeSettings } from './node-settings.ts';

/** A result code of SQLite; the extended ones have it in their lowest byte. */
const sqliteBusy = 5;

/** What is not known here comes back as it is. */
export function startFailure(
  error: unknown,
  { file, host, port }: Pick<NodeSettings, 'file' | 'host' | 'port'>,
): unknown {
  if (!(error instanceof Error)) return error;
  // It says all there is to say of its file.
  if (error instanceof DiskError) return error;
  const { errcode } = error as { readonly errcode?: unknown };
  const text =
    typeof errcode === 'number'
      ? textForFile(errcode & 0xff, file)
      : textForAddress(error, host, port, '--port');
  return text === undefined ? error : new Error(text, { cause: error });
}

/** @param option Which names the port. */
export function addressFailure(
  error: unknown,
  host: string,
  port: number,
  option: string,
): unknown {
  if (!(error instanceof Error)) return error;
  const text = textForAddress(error, host, port, option);
  return text === undefined ? error : new Error(text, { cause: error });
}

function textForAddress(
  error: Error,
  host: string,
  port: number,
  option: string,
): string | undefined {
  const { code } = error as { readonly code?: unknown };
  const address = `Port ${String(port)} of ${host}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${address} is in use, by another node or another program. Stop that one, or choose another port with ${option}.`;
    case 'EACCES':
      return `${address} may not be used by this user. Choose a port above 1023 with ${option}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `"${host}" is no address of this machine. Give one with --host, 0.0.0.0 or :: for all.`;
    default:
      return typeof code === 'string' && code.startsWith('ERR_OSSL')
        ? `--tls-cert and --tls-key are no certificate and key in PEM that belong together: ${error.message}`
        : undefined;
  }
}

function textForFile(errcode: number, file: string): string | undefined {
  return errcode === sqliteBusy
    ? `${file} is in use by another process, perhaps by this very node. Stop that one, or give another file with --db: each node has one of its own.`
    : undefined;
}

/**
 * Who is at the other end of a connection of this machine: what members say to each other over TLS is not to be read, so
 * Linux is asked whose the socket is.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

const inodeColumn = 9;

/**
 * @param port From which 127.0.0.1 was connected.
 * @param candidates Processes, and what they are called.
 * @returns Undefined: it is of none of them, or closed already.
 */
export function callerFrom(
  port: number,
  candidates: Iterable<readonly [name: string, pid: number]>,
): string | undefined {
  const inode = inodeOf(port);
  if (inode === undefined) return undefined;
  for (const [name, pid] of candidates) if (hasSocket(pid, inode)) return name;
  return undefined;
}

/** Of the socket with this local port. Addresses and ports are hexadecimal; that of 127.0.0.1 is the first one with that port. */
function inodeOf(port: number): string | undefined {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[1] === local && columns[inodeColumn] !== '0') return columns[inodeColumn];
  }
  return undefined;
}

function hasSocket(pid: number, inode: string): boolean {
  const folder = `/proc/${String(pid)}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`) === `socket:[${inode}]`;
      } catch {
        return false; // Closed meanwhile.
      }
    });
  } catch {
    return false; // It has ended.
  }
}

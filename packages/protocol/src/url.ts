/** As `URL.parse`, which is younger than some platforms of the client. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** What to try first, to be copied as it is. */
export function firstSteps(url: string, headline: string): string {
  return `
${headline}. Try:

  curl -X POST ${url}/locks/my-job/acquire -H "Content-Type: application/json" -d '{"client_id": "me", "ttl_seconds": 60}'
  curl ${url}/locks/my-job/status

Ctrl-C stops it.
`;
}

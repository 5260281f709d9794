/**
 * Ends with status 0 where the node in this container answers: `node healthcheck.mjs [livez|readyz]`.
 *
 * It asks as the environment says that the node listens (HOLDFAST_HTTP_PORT, HOLDFAST_TLS_CERTIFICATE, …), over TLS with
 * the node's own certificate, which is for clients as well. It asks its own loopback: the name in the certificate is not compared.
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { get as getSecure } from 'node:https';

const path = `/${process.argv[2] ?? 'livez'}`;
const env = process.env;
const port = Number(env.HOLDFAST_HTTP_PORT ?? 8080);
const certificate = env.HOLDFAST_TLS_CERTIFICATE ?? '';
const options = { host: '127.0.0.1', port, path, timeout: 4000 };
const answered = (response) => {
  response.resume();
  process.exitCode = response.statusCode === 200 ? 0 : 1;
};
const request =
  certificate === ''
    ? get(options, answered)
    : getSecure(
        {
          ...options,
          cert: readFileSync(certificate),
          key: readFileSync(env.HOLDFAST_TLS_KEY ?? ''),
          ca: env.HOLDFAST_TLS_AUTHORITY ? readFileSync(env.HOLDFAST_TLS_AUTHORITY) : undefined,
          checkServerIdentity: () => undefined,
        },
        answered,
      );
request.on('timeout', () => request.destroy(new Error('It does not answer.')));
request.on('error', (error) => {
  console.error(`${path}: ${error.message}`);
  process.exitCode = 1;
});

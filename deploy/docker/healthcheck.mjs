/**
 * Ends with status 0 where the node in this container answers: `node healthcheck.mjs [livez|readyz]`.
 *
 * It asks as the environment says that the node listens (HOLDFAST_HTTP_HOST, HOLDFAST_HTTP_PORT, HOLDFAST_TLS_CERTIFICATE, …), over
 * TLS with the node's own certificate, which is for clients as well. It asks in its own container, by loopback where the node listens
 * on all addresses: the name in the certificate is not compared.
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { get as getSecure } from 'node:https';

const path = `/${process.argv[2] ?? 'livez'}`;
const env = process.env;
const port = Number(env.HOLDFAST_HTTP_PORT ?? 8080);
const listens = env.HOLDFAST_HTTP_HOST ?? '';
/** Of a node that listens on all of them, or says nothing of it, one of its own. */
const loopbacks = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '::1', '[::]': '::1' };
const host = loopbacks[listens] ?? listens.replace(/^\[|\]$/g, '');
const certificate = env.HOLDFAST_TLS_CERTIFICATE ?? '';
const options = { host, port, path, timeout: 4000 };
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

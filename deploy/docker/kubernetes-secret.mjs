/**
 * Puts the files of a folder into a new Secret of the namespace of this pod: `node kubernetes-secret.mjs NAME FOLDER`.
 * A Secret that is there already stays as it is: certificates are not replaced under nodes that use them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';

const [name, folder] = process.argv.slice(2);
if (name === undefined || folder === undefined) {
  console.error('usage: node kubernetes-secret.mjs NAME FOLDER');
  process.exit(2);
}
const account =
  process.env.SERVICE_ACCOUNT_FOLDER ?? '/var/run/secrets/kubernetes.io/serviceaccount';
const own = (file) => readFileSync(`${account}/${file}`, 'utf8');
const namespace = own('namespace').trim();
// The key of the authority signs for anybody: it stays in this pod, and goes with it.
const files = readdirSync(folder).filter((file) => file !== 'ca.key');
const data = Object.fromEntries(
  files.map((file) => [file, readFileSync(`${folder}/${file}`).toString('base64')]),
);
const body = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  type: 'Opaque',
  data,
});
const asked = request(
  {
    host: process.env.KUBERNETES_SERVICE_HOST,
    port: process.env.KUBERNETES_SERVICE_PORT,
    path: `/api/v1/namespaces/${namespace}/secrets`,
    method: 'POST',
    ca: own('ca.crt'),
    headers: {
      authorization: `Bearer ${own('token').trim()}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    },
    timeout: 20_000,
  },
  (response) => {
    response.resume();
    const { statusCode } = response;
    if (statusCode === 201) console.log(`Made the Secret ${name}: ${files.join(', ')}.`);
    else if (statusCode === 409)
      console.log(`The Secret ${name} is there already; it stays as it is.`);
    else {
      console.error(`The Secret ${name} could not be made: status ${statusCode}.`);
      process.exitCode = 1;
    }
  },
);
asked.on('timeout', () => asked.destroy(new Error('no answer in 20 s')));
asked.on('error', (error) => {
  console.error(`The Secret ${name} could not be made: ${error.message}.`);
  process.exitCode = 1;
});
asked.end(body);

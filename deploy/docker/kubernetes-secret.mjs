/**
 * What the Job of certificates needs of Secrets, in the namespace of its pod:
 *
 *   node kubernetes-secret.mjs read NAME FOLDER           its files into a folder; none where it is not there
 *   node kubernetes-secret.mjs create NAME FOLDER FILE..  a new Secret with these files; one that is there is an error
 *   node kubernetes-secret.mjs write NAME FOLDER          all files but ca.key into it, made where it is not there
 *   node kubernetes-secret.mjs ends FILE DAYS             status 0: the certificate is not there, or ends within so many days
 *
 * The key of an authority signs for anybody: it goes into a Secret that no member mounts, by its name alone.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';

const [what, name = '', folder = '', ...files] = process.argv.slice(2);
const account =
  process.env.SERVICE_ACCOUNT_FOLDER ?? '/var/run/secrets/kubernetes.io/serviceaccount';
const own = (file) => readFileSync(`${account}/${file}`, 'utf8');

async function ask(method, path, body, type = 'application/json') {
  const asked = request({
    host: process.env.KUBERNETES_SERVICE_HOST,
    port: process.env.KUBERNETES_SERVICE_PORT,
    path: `/api/v1/namespaces/${own('namespace').trim()}/secrets${path}`,
    method,
    ca: own('ca.crt'),
    headers: { authorization: `Bearer ${own('token').trim()}`, 'content-type': type },
    signal: AbortSignal.timeout(20_000),
  });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const response = await new Promise((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
  });
  return { status: response.statusCode, told: await text(response) };
}

const dataOf = (names) =>
  Object.fromEntries(names.map((file) => [file, readFileSync(join(folder, file), 'base64')]));
const secretWith = (data) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: own('namespace').trim() },
  type: 'Opaque',
  data,
});

function expect({ status }, ...wanted) {
  if (!wanted.includes(status)) throw new Error(`the API server answered with status ${status}`);
}

async function read() {
  const answer = await ask('GET', `/${name}`);
  if (answer.status === 404) return;
  expect(answer, 200);
  for (const [file, data] of Object.entries(JSON.parse(answer.told).data ?? {}))
    // Names of keys have no slash; a file outside the folder is never written.
    writeFileSync(join(folder, basename(file)), Buffer.from(data, 'base64'), { mode: 0o600 });
}

async function create() {
  expect(await ask('POST', '', secretWith(dataOf(files))), 201);
}

async function write() {
  const data = dataOf(readdirSync(folder).filter((file) => file !== 'ca.key'));
  const made = await ask('POST', '', secretWith(data));
  if (made.status === 409)
    expect(await ask('PATCH', `/${name}`, { data }, 'application/merge-patch+json'), 200);
  else expect(made, 201);
  console.log(`The Secret ${name} has ${Object.keys(data).join(', ')}.`);
}

function ends() {
  const [file, days] = [name, Number(folder)];
  if (!existsSync(file)) return;
  const endsAtMs = Date.parse(new X509Certificate(readFileSync(file)).validTo);
  if (endsAtMs - Date.now() > days * 86_400_000) process.exitCode = 1;
}

const actions = { read, create, write, ends };
if (!Object.hasOwn(actions, what ?? '') || name === '' || folder === '') {
  console.error('usage: node kubernetes-secret.mjs read|create|write|ends NAME FOLDER [FILE...]');
  process.exit(2);
}
try {
  await actions[what]();
} catch (error) {
  console.error(`Secret ${name}, ${what}: ${error.message}.`);
  process.exitCode = 2;
}

// openid-client 6: discovery, a token, its use, introspection, revocation.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [modules, issuer, pki] = process.argv.slice(2);
const module = (path) => import(pathToFileURL(`${modules}/${path}`));
const oauth = await module('openid-client/build/index.js');
const { default: undici } = await module('undici/index.js');

const file = (name) => readFileSync(`${pki}/${name}`);
const fetchAs = (name) => {
  const connect = { ca: file('root.pem'), cert: file(`${name}.pem`), key: file(`${name}-key.pem`) };
  const dispatcher = new undici.Agent({ connect });
  return (url, options) => undici.fetch(url, { ...options, dispatcher });
};
const discover = async (name) => {
  const options = { [oauth.customFetch]: fetchAs(name), algorithm: 'oauth2' };
  return oauth.discovery(new URL(issuer), name, { use_mtls_endpoint_aliases: true }, oauth.TlsClientAuth(), options);
};
const url = new URL(`${issuer}/v1/transactions`);
const read = async (label, fetch, token) => {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { headers });
  const code = answer.ok ? '' : ` ${(await answer.json()).code}`;
  console.log(`${label} ${answer.status}${code}`);
};

const billing = await discover('billing');
const token = await oauth.clientCredentialsGrant(billing, { scope: 'transactions:read' });
console.log(`token ${token.token_type === 'bearer' ? 'Bearer' : token.token_type} ${token.expires_in} ${token.scope}`);
const answer = await oauth.fetchProtectedResource(billing, token.access_token, url, 'GET');
console.log(`read ${answer.status}`);
await read('other certificate', fetchAs('reports'), token.access_token);
await oauth.clientCredentialsGrant(billing, { scope: 'everything' })
  .catch((error) => console.log(`scope ${error.error}`));
const reports = await discover('reports');
const told = await oauth.tokenIntrospection(reports, token.access_token);
console.log(`introspected ${told.active} ${told.client_id}`);
await oauth.tokenRevocation(billing, token.access_token);
console.log('revoked');
console.log(`introspected ${(await oauth.tokenIntrospection(reports, token.access_token)).active}`);
await read('read', fetchAs('billing'), token.access_token);
process.exit(0);

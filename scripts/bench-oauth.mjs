// oidc-provider 9 as an authorization server for programs, with mutual TLS: for scripts/bench-oauth.sh.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { pathToFileURL } from 'node:url';

const [modules, pki, port] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));
const file = (name) => readFileSync(`${pki}/${name}`);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const api = 'https://localhost:8443';

const provider = new Provider('https://localhost', {
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'bench' }] },
  clients: [{
    client_id: 'billing',
    grant_types: ['client_credentials'],
    id_token_signed_response_alg: 'ES256',
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_uri: 'spiffe://dev.countersign.example/billing',
    tls_client_certificate_bound_access_tokens: true,
  }],
  clientAuthMethods: ['tls_client_auth'],
  scopes: ['transactions:read'],
  ttl: { ClientCredentials: 300 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      getCertificate: (ctx) => ctx.req.socket.getPeerX509Certificate(),
      certificateAuthorized: (ctx) => ctx.req.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) =>
        property === 'tls_client_auth_san_uri'
        && ctx.req.socket.getPeerX509Certificate().subjectAltName === `URI:${expected}`,
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => api,
      getResourceServerInfo: () => ({
        scope: 'transactions:read', audience: api, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
      }),
      useGrantedResource: () => true,
    },
  },
});
provider.on('server_error', (_, error) => console.error(error));
provider.on('grant.error', (_, error) => console.error(error));

const options = {
  cert: file('server.pem'), key: file('server-key.pem'), ca: file('root.pem'), requestCert: true, rejectUnauthorized: true,
};
const server = https.createServer(options, provider.callback());
server.keepAliveTimeout = 60_000;
server.listen(Number(port), '127.0.0.1');

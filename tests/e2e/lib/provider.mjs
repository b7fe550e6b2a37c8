// A real OpenID Connect provider (oidc-provider) in a process of its own: `node provider.mjs '{"port", "client", …}'`.
// Whoever signs in there is who they say, with the claims that the tests gave for that name.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import Provider from 'oidc-provider';

const FILE = fileURLToPath(import.meta.url);

/** Starts one that knows Baraza at `url`; `people` are claims by name of sign-in. */
export async function startProvider({ port, url, people }) {
  const child = spawn(process.execPath, [FILE, JSON.stringify({ port, url, people })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill());
  await new Promise((ready, failed) => {
    child.stdout.once('data', ready);
    child.once('exit', (code) => failed(new Error(`the provider ended with ${code}`)));
  });
  return {
    issuer: issuerAt(port),
    env: {
      BARAZA__OIDC__ISSUER: issuerAt(port),
      BARAZA__OIDC__NAME: 'Council ID',
      BARAZA__OIDC__CLIENT_ID: 'baraza',
      BARAZA__OIDC__CLIENT_SECRET: SECRET,
      BARAZA__OIDC__SCOPES: 'openid profile email groups',
      BARAZA__OIDC__ROLES: '[{group="board", organization="council", role="chairperson"}]',
    },
    stop: () =>
      new Promise((gone) => {
        child.removeAllListeners('exit');
        child.once('exit', gone);
        child.kill();
      }),
  };
}

const SECRET = 'a secret of the provider and of Baraza';
const issuerAt = (port) => `http://127.0.0.1:${port}`;

if (process.argv[1] === FILE) {
  const { port, url, people } = JSON.parse(process.argv[2]);
  const provider = new Provider(issuerAt(port), {
    clients: [
      {
        client_id: 'baraza',
        client_secret: SECRET,
        redirect_uris: [`${url}/api/v1/auth/oidc/callback`],
        backchannel_logout_uri: `${url}/api/v1/auth/oidc/backchannel-logout`,
        backchannel_logout_session_required: true,
      },
    ],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
    cookies: { keys: ['only for tests'] },
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    pkce: { required: () => true },
    // By itself it calls nobody on this machine.
    fetch: (address, options) => fetch(address, { ...options, dispatcher: undefined }),
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  });
  provider.listen(port, '127.0.0.1', () => console.log('ready'));
}

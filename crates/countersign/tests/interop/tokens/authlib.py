# Authlib: metadata, a token, its use, introspection, revocation.
import sys

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

issuer, pki = sys.argv[1:3]


def session(name):
    # Its way to put the client_id into the form, and nothing else.
    made = OAuth2Session(name, token_endpoint_auth_method="none", revocation_endpoint_auth_method="none")
    made.cert = (f"{pki}/{name}.pem", f"{pki}/{name}-key.pem")
    made.verify = f"{pki}/root.pem"
    # Else a REQUESTS_CA_BUNDLE would be stronger than `verify`.
    made.trust_env = False
    return made


def read(label, client, token):
    client.token = token
    answer = client.get(f"{issuer}/v1/transactions")
    print(label, answer.status_code, *([] if answer.ok else [answer.json()["code"]]))


billing, reports = session("billing"), session("reports")
known = billing.get(f"{issuer}/.well-known/oauth-authorization-server", withhold_token=True).json()
assert known["issuer"] == issuer
token = billing.fetch_token(known["token_endpoint"], grant_type="client_credentials", scope="transactions:read")
print("token", token["token_type"], token["expires_in"], token["scope"])
read("read", billing, token)
read("other certificate", session("reports"), token)
try:
    session("billing").fetch_token(known["token_endpoint"], grant_type="client_credentials", scope="everything")
except OAuthError as error:
    print("scope", error.error)
text = token["access_token"]
told = reports.introspect_token(known["introspection_endpoint"], token=text).json()
print("introspected", str(told["active"]).lower(), told["client_id"])
revoked = billing.revoke_token(known["revocation_endpoint"], token=text)
print("revoked" if revoked.status_code == 200 else revoked.text)
told = reports.introspect_token(known["introspection_endpoint"], token=text).json()
print("introspected", str(told["active"]).lower())
read("read", billing, token)

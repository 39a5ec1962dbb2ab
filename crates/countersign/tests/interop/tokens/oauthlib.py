# requests-oauthlib: a token and its use; introspection and revocation, which it does not know, by requests.
import sys

import requests
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from requests_oauthlib import OAuth2Session

issuer, pki = sys.argv[1:3]


def proof(name):
    return {"cert": (f"{pki}/{name}.pem", f"{pki}/{name}-key.pem"), "verify": f"{pki}/root.pem"}


def ask(scope):
    session = OAuth2Session(client=BackendApplicationClient("billing", scope=[scope]))
    endpoint = f"{issuer}/oauth/token"
    return session, session.fetch_token(endpoint, include_client_id=True, **proof("billing"))


def post(endpoint, name, token):
    form = {"client_id": name, "token": token}
    return requests.post(f"{issuer}/oauth/{endpoint}", data=form, **proof(name))


def read(label, session, name):
    answer = session.get(f"{issuer}/v1/transactions", **proof(name))
    print(label, answer.status_code, *([] if answer.ok else [answer.json()["code"]]))


billing, token = ask("transactions:read")
print("token", token["token_type"], token["expires_in"], *token["scope"])
read("read", billing, "billing")
read("other certificate", billing, "reports")
try:
    ask("everything")
except OAuth2Error as error:
    print("scope", error.error)
text = token["access_token"]
told = post("introspect", "reports", text).json()
print("introspected", str(told["active"]).lower(), told["client_id"])
revoked = post("revoke", "billing", text)
print("revoked" if revoked.status_code == 200 else revoked.text)
print("introspected", str(post("introspect", "reports", text).json()["active"]).lower())
read("read", billing, "billing")

use countersign_identity::Thumbprint;
use countersign_oauth::TokenSigner;
use countersign_pki::Key;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::server::Folder;

/// Signed by `key`, whatever stands in it.
fn sign(key: &Key, header: &Value, claims: &Value) -> String {
    let encoded = |part: &Value| BASE64URL_NOPAD.encode(part.to_string().as_bytes());
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let key = EncodingKey::from_ec_der(key.pkcs8_der());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256);
    format!("{message}.{}", signature.unwrap())
}

fn part(token: &str, at: usize) -> Value {
    let part = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

#[test]
fn whatever_is_done_with_a_token_but_using_it_is_refused() {
    let Some(folder) = Folder::new() else { return };
    let server = folder.serve();
    let token = server.token("billing");
    let (header, claims) = (part(&token, 0), part(&token, 1));
    let signer = TokenSigner::from_pkcs8(folder.key.pkcs8_der()).unwrap();
    assert_eq!(header["kid"], signer.public().id().as_str());
    let pem = std::fs::read_to_string(folder.file("billing.pem")).unwrap();
    assert_eq!(
        claims["cnf"]["x5t#S256"],
        Thumbprint::of(&first(&pem)).to_string()
    );

    // As it is, and as our own key signs it again: what follows is refused for what was changed.
    assert_eq!(server.read("billing", &token), "200");
    assert_eq!(
        server.read("billing", &sign(&folder.key, &header, &claims)),
        "200"
    );

    assert_eq!(server.read("reports", &token), "401 token-not-bound");
    assert_eq!(server.read("", &token), "401 certificate-required");
    let (status, body) = server.ask("billing", "/v1/transactions", &[]);
    assert_eq!((status, &body["code"]), (401, &json!("token-missing")));
    let write = format!("Authorization: Bearer {}", server.token("reports"));
    let (status, body) = server.ask("reports", "/v1/transactions", &["-d", "{}", "-H", &write]);
    assert_eq!((status, &body["code"]), (403, &json!("permission-missing")));

    let claimed = |change: &dyn Fn(&mut Value)| {
        let mut claims = claims.clone();
        change(&mut claims);
        sign(&folder.key, &header, &claims)
    };
    let headed = |change: &dyn Fn(&mut Value)| {
        let mut header = header.clone();
        change(&mut header);
        sign(&folder.key, &header, &claims)
    };
    let (now, other) = (
        claims["iat"].as_i64().unwrap(),
        Key::generate(countersign_pki::KeyKind::P256).unwrap(),
    );
    let with_claims = |claims: &Value| {
        let body = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        let mut parts = token.split('.');
        let (head, _, signature) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
        format!("{head}.{body}.{signature}")
    };
    let mut wider = claims.clone();
    wider["scope"] = json!("transactions:read transactions:write everything");
    let unsigned = |header: Value| {
        let head = BASE64URL_NOPAD.encode(header.to_string().as_bytes());
        format!("{head}.{}.", token.split('.').nth(1).unwrap())
    };
    for (about, forged, code) in [
        (
            "expired",
            claimed(&|claims| claims["exp"] = json!(now - 1)),
            "401 token-invalid",
        ),
        (
            "not yet",
            claimed(&|claims| claims["iat"] = json!(now + 3600)),
            "401 token-invalid",
        ),
        (
            "another issuer",
            claimed(&|claims| claims["iss"] = json!("https://as.example")),
            "401 token-invalid",
        ),
        (
            "another audience",
            claimed(&|claims| claims["aud"] = json!("https://as.example")),
            "401 token-invalid",
        ),
        (
            "never issued",
            claimed(&|claims| claims["jti"] = json!("BwcHBwcHBwcHBwcHBwcHBw")),
            "401 token-invalid",
        ),
        (
            "another client",
            claimed(&|claims| claims["client_id"] = json!("reports")),
            "401 token-invalid",
        ),
        (
            "no binding",
            claimed(&|claims| claims["cnf"] = Value::Null),
            "401 token-not-bound",
        ),
        (
            "another binding",
            claimed(&|claims| claims["cnf"] = json!({"jkt": "AAAA"})),
            "401 token-invalid",
        ),
        ("changed claims", with_claims(&wider), "401 token-invalid"),
        (
            "crit",
            headed(&|header| header["crit"] = json!(["exp"])),
            "401 token-invalid",
        ),
        (
            "unencoded",
            headed(&|header| header["b64"] = json!(false)),
            "401 token-invalid",
        ),
        (
            "a key of its own",
            headed(&|header| header["jwk"] = json!({})),
            "401 token-invalid",
        ),
        (
            "another type",
            headed(&|header| header["typ"] = json!("JWT")),
            "401 token-invalid",
        ),
        (
            "no signature",
            unsigned(json!({"alg": "none", "typ": "at+jwt"})),
            "401 token-invalid",
        ),
        (
            "no signature, with a key",
            unsigned(json!({"alg": "none", "typ": "at+jwt", "kid": header["kid"]})),
            "401 token-invalid",
        ),
        (
            "a symmetric algorithm",
            headed(&|header| header["alg"] = json!("HS256")),
            "401 token-invalid",
        ),
        (
            "an algorithm of another key",
            headed(&|header| header["alg"] = json!("PS256")),
            "401 token-invalid",
        ),
        (
            "another key",
            sign(&other, &header, &claims),
            "401 token-invalid",
        ),
    ] {
        assert_eq!(server.read("billing", &forged), code, "{about}");
    }

    server.revoke("billing", &token);
    assert_eq!(server.read("billing", &token), "401 token-invalid");
}

/// The first certificate of a PEM file, in DER.
fn first(pem: &str) -> Vec<u8> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----").unwrap();
    let (text, _) = rest.split_once("-----END").unwrap();
    data_encoding::BASE64
        .decode(text.replace('\n', "").as_bytes())
        .unwrap()
}

use countersign_identity::Thumbprint;
use countersign_oauth::{Algorithm, KeySet, TokenError};
use countersign_pki::KeyKind;
use countersign_problem::Code;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

use crate::forge::{
    AUDIENCE, Forge, ISSUER, claims, decoded, encoded, holder, now, token, verifier,
};

#[test]
fn j1_a_token_has_its_type_its_key_and_an_algorithm_of_fapi() {
    for (kind, algorithm) in [
        (KeyKind::P256, Algorithm::Es256),
        (KeyKind::Rsa2048, Algorithm::Ps256),
    ] {
        let forge = Forge::of(kind);
        let text = forge.signer.sign(&token()).unwrap();
        let header = decoded(text.split('.').next().unwrap());
        let wanted = json!({"alg": algorithm.as_str(), "typ": "at+jwt", "kid": forge.kid()});
        assert_eq!(header, wanted);
        assert_eq!(verifier().verify(&text, &forge.keys(), now()), Ok(token()));
    }
}

#[test]
fn j1_another_library_reads_our_tokens_and_we_read_its() {
    for (kind, algorithm) in [
        (KeyKind::P256, jsonwebtoken::Algorithm::ES256),
        (KeyKind::Rsa2048, jsonwebtoken::Algorithm::PS256),
    ] {
        let forge = Forge::of(kind);
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(&forge.keys().to_json()).unwrap();
        let key = DecodingKey::from_jwk(set.find(forge.kid()).unwrap()).unwrap();
        let mut rules = Validation::new(algorithm);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        // Its clock is that of the machine.
        rules.validate_exp = false;
        let text = forge.signer.sign(&token()).unwrap();
        let read = jsonwebtoken::decode::<Value>(&text, &key, &rules).unwrap();
        assert_eq!(read.claims, claims());
    }
    let forge = Forge::new();
    let theirs = forge.changed(|_| {});
    assert_eq!(
        verifier().verify(&theirs, &forge.keys(), now()),
        Ok(token())
    );
}

#[test]
fn j1_a_key_by_ed25519_verifies_by_both_of_its_names() {
    // RFC 8037, appendix A: the public key.
    let set = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let keys = KeySet::from_json(set.as_bytes()).unwrap();
    let key = keys.keys().next().unwrap();
    assert_eq!(key.algorithm(), Algorithm::EdDsa);
    assert_eq!(
        key.id().as_str(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn j2_a_token_says_what_rfc_9068_asks_for_and_to_whom_it_is_bound() {
    let text = Forge::new().signer.sign(&token()).unwrap();
    assert_eq!(decoded(text.split('.').nth(1).unwrap()), claims());
}

#[test]
fn j4_a_clock_that_goes_ahead_by_ten_seconds_is_believed_and_by_a_minute_is_not() {
    let forge = Forge::new();
    let at = |second: i64| Timestamp::from_second(now().as_second() + second).unwrap();
    for name in ["iat", "nbf"] {
        for (ahead, accepted) in [(0, true), (10, true), (11, false), (61, false)] {
            let text = forge.changed(|claims| {
                claims
                    .as_object_mut()
                    .unwrap()
                    .insert(name.to_owned(), json!(now().as_second() + ahead));
            });
            let read = verifier().verify(&text, &forge.keys(), now());
            let wanted = TokenError::NotYetValid { from: at(ahead) };
            assert_eq!(read.err(), (!accepted).then_some(wanted), "{name} {ahead}");
        }
    }
}

#[test]
fn r3_what_is_not_an_access_token_of_this_issuer_for_this_api_is_refused() {
    let forge = Forge::new();
    let said = |change: fn(&mut Value)| {
        let text = forge.changed(change);
        let error = verifier().verify(&text, &forge.keys(), now()).unwrap_err();
        assert_eq!(error.code(), Code::TokenInvalid, "{error}");
        error.to_string()
    };
    check(
        &said(|claims| claims["iss"] = json!("https://other.example")),
        "the token is of the issuer `https://other.example`",
    );
    check(
        &said(|claims| claims["iss"] = json!([ISSUER])),
        "the body of the token is malformed: invalid type: sequence",
    );
    check(
        &said(|claims| claims["aud"] = json!(["https://other.example"])),
        "the token is for `https://other.example`",
    );
    check(
        &said(|claims| claims["aud"] = json!([])),
        "the token is for ``",
    );
    check(
        &said(|claims| claims["exp"] = json!(1.5e9)),
        "the body of the token is malformed: invalid type: floating point",
    );
    check(
        &said(|claims| claims["exp"] = json!("1785585900")),
        "the body of the token is malformed: invalid type: string",
    );
    check(
        &said(|claims| claims["exp"] = json!(now().as_second())),
        "the token expired at 2026-08-01T12:00:00Z",
    );
    check(
        &said(|claims| claims["scope"] = json!("a  b")),
        "the body of the token is malformed: `scope`",
    );
    for name in ["iss", "sub", "aud", "client_id", "jti", "iat", "exp"] {
        let text = forge.changed(|claims| drop(claims.as_object_mut().unwrap().remove(name)));
        let error = verifier().verify(&text, &forge.keys(), now()).unwrap_err();
        check(
            &error.to_string(),
            &format!("the body of the token is malformed: missing field `{name}`"),
        );
    }
}

#[test]
fn r3_a_claim_or_a_member_of_the_header_that_stands_there_twice_is_refused() {
    let forge = Forge::new();
    for (header, body, part) in [
        (
            forge.header().to_string(),
            twice(&claims(), r#""sub":"other""#),
            "body",
        ),
        (
            forge.header().to_string(),
            twice(&claims(), r#""exp":9999999999"#),
            "body",
        ),
        (
            twice(&forge.header(), r#""alg":"none""#),
            claims().to_string(),
            "header",
        ),
    ] {
        let read = verifier().verify(&forge.sign(&header, &body), &forge.keys(), now());
        let Err(TokenError::Malformed {
            part: found,
            reason,
        }) = read
        else {
            panic!("{read:?}");
        };
        assert_eq!(found, part);
        check(&reason, "duplicate field");
    }
}

fn twice(object: &Value, member: &str) -> String {
    let text = object.to_string();
    format!("{},{member}}}", text.strip_suffix('}').unwrap())
}

#[test]
fn r3_a_header_that_asks_for_more_or_brings_its_own_key_is_refused() {
    let forge = Forge::new();
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("jwk", json!({"kty": "EC"})),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/chain")),
        ("x5c", json!(["MII"])),
    ] {
        let text = forge.headed(|header| header[member] = value);
        let read = verifier().verify(&text, &forge.keys(), now());
        assert_eq!(read, Err(TokenError::Header { member }));
    }
}

#[test]
fn r3_the_type_is_exactly_that_of_an_access_token() {
    let forge = Forge::new();
    for kind in [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/At+Jwt",
    ] {
        let text = forge.headed(|header| header["typ"] = json!(kind));
        assert!(
            verifier().verify(&text, &forge.keys(), now()).is_ok(),
            "{kind}"
        );
    }
    for kind in ["JWT", "at+jwt ", "jwt+at", "dpop+jwt", ""] {
        let text = forge.headed(|header| header["typ"] = json!(kind));
        let found = kind.to_owned();
        let read = verifier().verify(&text, &forge.keys(), now());
        assert_eq!(read, Err(TokenError::Type { found }));
    }
    let text = forge.headed(|header| drop(header.as_object_mut().unwrap().remove("typ")));
    let read = verifier().verify(&text, &forge.keys(), now());
    assert_eq!(
        read,
        Err(TokenError::Type {
            found: String::new()
        })
    );
}

#[test]
fn r3_no_trick_with_the_algorithm_verifies() {
    let forge = Forge::new();
    let read = |text: &str| verifier().verify(text, &forge.keys(), now()).unwrap_err();
    for name in ["none", "None", "HS256", "RS256", "ES384", "es256", ""] {
        let text = forge.headed(|header| header["alg"] = json!(name));
        let found = name.to_owned();
        assert_eq!(read(&text), TokenError::Algorithm { found });
    }
    // Allowed, and not that of the key.
    for name in ["PS256", "EdDSA"] {
        let text = forge.headed(|header| header["alg"] = json!(name));
        assert_eq!(read(&text), TokenError::Signature);
    }
    let good = forge.changed(|_| {});
    let signed = good.rsplit_once('.').unwrap().0;
    for signature in ["", "AAAA"] {
        assert_eq!(
            read(&format!("{signed}.{signature}")),
            TokenError::Signature
        );
    }
    let other = Forge::new();
    let text = other.headed(|header| header["kid"] = json!(forge.kid()));
    assert_eq!(read(&text), TokenError::Signature);
}

#[test]
fn r3_changed_claims_do_not_verify() {
    let forge = Forge::new();
    let good = forge.signer.sign(&token()).unwrap();
    let [header, _, signature] = *good.split('.').collect::<Vec<_>>() else {
        panic!()
    };
    let mut changed = claims();
    changed["scope"] = json!("accounts payments admin");
    let body = encoded(&changed.to_string());
    let read = verifier().verify(
        &format!("{header}.{body}.{signature}"),
        &forge.keys(),
        now(),
    );
    assert_eq!(read, Err(TokenError::Signature));
}

#[test]
fn r3_what_is_no_token_at_all_is_refused() {
    let forge = Forge::new();
    let good = forge.signer.sign(&token()).unwrap();
    let long = "a".repeat(20_000);
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c",
        &format!("{good}."),
        &format!("{good}="),
        &format!("{good}.{good}"),
        &long,
        &good.replace('.', " "),
    ] {
        let read = verifier().verify(text, &forge.keys(), now());
        assert!(
            matches!(read, Err(TokenError::Malformed { .. })),
            "{text}: {read:?}"
        );
    }
}

#[test]
fn r3_a_key_that_the_issuer_does_not_have_is_named() {
    let (forge, other) = (Forge::new(), Forge::new());
    let text = other.signer.sign(&token()).unwrap();
    let read = verifier().verify(&text, &forge.keys(), now());
    let key = other.signer.public().id().clone();
    assert_eq!(read, Err(TokenError::UnknownKey { key }));
    let text = forge.headed(|header| drop(header.as_object_mut().unwrap().remove("kid")));
    let read = verifier().verify(&text, &forge.keys(), now()).unwrap_err();
    check(
        &read.to_string(),
        "the header of the token is malformed: there is no `kid`",
    );
}

#[test]
fn r4_a_token_counts_for_the_certificate_that_it_is_bound_to_alone() {
    let other = Thumbprint::of(b"the certificate of a thief");
    assert_eq!(token().bound_to(&holder()), Ok(()));
    let refused = token().bound_to(&other).unwrap_err();
    assert_eq!(refused.code(), Code::TokenNotBound);
    let (bound_to, presented) = (holder(), other);
    assert_eq!(
        refused,
        TokenError::NotBound {
            bound_to,
            presented
        }
    );
}

#[test]
fn r5_a_token_that_is_bound_to_nothing_or_to_something_unknown_is_refused() {
    let forge = Forge::new();
    let read = |text: &str| verifier().verify(text, &forge.keys(), now()).unwrap_err();
    let text = forge.changed(|claims| drop(claims.as_object_mut().unwrap().remove("cnf")));
    assert_eq!(read(&text), TokenError::Unbound);
    assert_eq!(read(&text).code(), Code::TokenNotBound);
    assert_eq!(
        read(&forge.changed(|claims| claims["cnf"] = json!(null))),
        TokenError::Unbound
    );
    for confirmation in [
        json!({}),
        json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
        json!({"x5t#S256": holder().to_string(), "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
        // RFC 8705, figure 2: no canonical base64url.
        json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
    ] {
        let text = forge.changed(|claims| claims["cnf"] = confirmation);
        let error = read(&text);
        assert!(
            matches!(error, TokenError::Malformed { part: "body", .. }),
            "{error}"
        );
    }
}

#[test]
fn a_token_lasts_until_its_end_and_no_second_longer() {
    let forge = Forge::new();
    let text = forge.signer.sign(&token()).unwrap();
    let end = token().expires_at;
    let read = |at| verifier().verify(&text, &forge.keys(), at);
    assert!(read(end - SignedDuration::from_secs(1)).is_ok());
    assert_eq!(read(end), Err(TokenError::Expired { at: end }));
}

#[track_caller]
fn check(said: &str, wanted: &str) {
    assert!(said.contains(wanted), "{said}");
}

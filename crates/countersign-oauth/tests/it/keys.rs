use countersign_oauth::{KeyError, KeySet, KeySetError, SigningKeys, TokenSigner};
use countersign_pki::{Key, KeyKind};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::forge::{Forge, now, token, verifier};

#[test]
fn j3_a_key_is_published_before_it_signs_and_until_its_last_token_is_over() {
    let [first, second] = [Forge::new(), Forge::new()];
    let ids = [first.kid().to_owned(), second.kid().to_owned()];
    let mut keys = SigningKeys::new(first.signer, SignedDuration::from_mins(5));
    let published = |keys: &SigningKeys, at| {
        let public = keys.public(at);
        ids.iter()
            .map(|id| public.keys().any(|key| key.id().as_str() == id))
            .collect::<Vec<_>>()
    };
    assert_eq!(published(&keys, now()), [true, false]);
    assert!(!keys.rotate(now()), "nothing was announced");

    let old = keys.sign(&token()).unwrap();
    keys.announce(second.signer);
    assert_eq!(published(&keys, now()), [true, true]);
    let fetched = keys.public(now());

    assert!(keys.rotate(now()));
    let new = keys.sign(&token()).unwrap();
    let end = token().expires_at - SignedDuration::from_secs(1);
    for text in [&old, &new] {
        assert!(
            verifier().verify(text, &fetched, now()).is_ok(),
            "a set fetched before"
        );
        assert!(verifier().verify(text, &keys.public(end), end).is_ok());
    }
    let over = token().expires_at;
    assert_eq!(published(&keys, over), [false, true]);
}

#[test]
fn a_token_that_would_outlive_its_key_is_not_signed() {
    let keys = SigningKeys::new(Forge::new().signer, SignedDuration::from_secs(299));
    assert_eq!(keys.sign(&token()), Err(KeyError::Signing));
}

#[test]
fn j3_what_is_published_is_public() {
    let forge = Forge::new();
    let set: Value = serde_json::from_str(&forge.keys().to_json()).unwrap();
    let key = set["keys"][0].as_object().unwrap();
    let names: Vec<_> = key.keys().map(String::as_str).collect();
    assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!(key["use"], "sig");
    let again = KeySet::from_json(forge.keys().to_json().as_bytes()).unwrap();
    assert_eq!(again.keys().next().unwrap().id().as_str(), forge.kid());
}

#[test]
fn a_set_of_keys_that_cannot_be_relied_on_is_refused() {
    let forge = Forge::new();
    let good: Value = serde_json::from_str(&forge.keys().to_json()).unwrap();
    let good = &good["keys"][0];
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    let id = forge.signer.public().id().clone();
    let read = |keys: Vec<Value>| {
        KeySet::from_json(json!({"keys": keys}).to_string().as_bytes())
            .map(|set| set.keys().count())
    };
    assert_eq!(read(vec![good.clone()]), Ok(1));
    assert_eq!(
        read(vec![good.clone(), good.clone()]).unwrap_err(),
        KeySetError::Twice { id }
    );
    assert_eq!(
        read(vec![with("d", json!("AA"))]).unwrap_err(),
        KeySetError::Secret { member: "d" }
    );
    assert_eq!(
        read(vec![json!({"kty": "oct", "k": "AA"})]).unwrap_err(),
        KeySetError::Secret { member: "k" }
    );
    assert_eq!(read(vec![]).unwrap_err(), KeySetError::Empty);
    for other in [
        with("use", json!("enc")),
        with("alg", json!("ES384")),
        with("crv", json!("P-384")),
        with("x", json!("AAAA")),
        with("kty", json!("oct")),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
    ] {
        assert_eq!(
            read(vec![other.clone()]).unwrap_err(),
            KeySetError::Empty,
            "{other}"
        );
        assert_eq!(read(vec![good.clone(), other]), Ok(1));
    }
    let many = (0..65)
        .map(|number| with("kid", json!(number.to_string())))
        .collect();
    assert_eq!(read(many).unwrap_err(), KeySetError::Many);
    let long = vec![b' '; 65 * 1024];
    assert_eq!(KeySet::from_json(&long).unwrap_err(), KeySetError::Long);
    for text in ["", "[]", "{}", r#"{"keys": {}}"#] {
        let read = KeySet::from_json(text.as_bytes());
        assert!(matches!(read, Err(KeySetError::Malformed { .. })), "{text}");
    }
}

#[test]
fn a_key_that_is_too_weak_or_of_another_kind_signs_nothing() {
    for kind in [KeyKind::P384, KeyKind::Ed25519] {
        let key = Key::generate(kind).unwrap();
        assert_eq!(
            TokenSigner::from_pkcs8(key.pkcs8_der()).unwrap_err(),
            KeyError::Kind
        );
    }
    assert_eq!(TokenSigner::from_pkcs8(b"").unwrap_err(), KeyError::Kind);
}

#[test]
fn a_signer_shows_nothing_of_its_key() {
    let forge = Forge::new();
    assert_eq!(
        format!("{:?}", forge.signer),
        format!("TokenSigner({})", forge.kid())
    );
}

#[test]
fn a_signer_is_read_from_a_file_with_one_private_key() {
    let (key, other) = (
        Key::generate(KeyKind::P256).unwrap(),
        Key::generate(KeyKind::Rsa2048).unwrap(),
    );
    let read =
        |text: &str| TokenSigner::from_pem(text).map(|signer| signer.public().algorithm().as_str());
    let rsa = read(&other.pem());
    assert_eq!(rsa, Ok("PS256"));
    let text = key.pem();
    assert_eq!(read(&text), Ok("ES256"));
    assert_eq!(
        read(&format!("a note\n{}", text.replace('\n', "\r\n"))),
        Ok("ES256")
    );
    let cut = text.replace("-----END", "");
    for wrong in [
        "",
        &format!("{}{}", *text, *text),
        &cut,
        &text.replace('A', "?"),
    ] {
        assert_eq!(read(wrong), Err(KeyError::Malformed), "{wrong}");
    }
}

//! What is wrong is found, and what is good is left alone.

use std::process::Command;

use countersign_pki::{
    Authority, BasicConstraints, Digest, Finding, Issued, Key, KeyKind, KeyUsage, Pkcs12,
    Pkcs12Kind, Severity, Usage,
};

use crate::{at, now};

fn issuing() -> (Authority, Authority) {
    let root = Authority::root("Root", now()).unwrap();
    let issuing = root.intermediate("Issuing", now()).unwrap();
    (root, issuing)
}

fn client() -> Issued {
    let (_, issuing) = issuing();
    issuing
        .client(now())
        .uri("spiffe://dev.example/a")
        .issue()
        .unwrap()
}

/// The severity and the code of each finding.
fn found(text: &str) -> Vec<(Severity, &'static str)> {
    let all = Finding::in_pem(text, now());
    all.iter().map(|it| (it.severity, it.code)).collect()
}

#[track_caller]
fn is(text: &str, severity: Severity, code: &'static str) {
    assert_eq!(found(text), [(severity, code)]);
}

#[test]
fn good_ones_have_no_finding() {
    let (root, issuing) = issuing();
    let client = client();
    let bundle = root.certificate_pem() + &issuing.certificate_pem();
    for text in [
        client.chain_pem(),
        client.chain_pem() + &client.key_pem(),
        client.key_pem(),
        bundle,
    ] {
        assert_eq!(found(&text), []);
    }
}

#[test]
fn a_leaf_that_does_not_say_what_a_peer_wants_to_know_is_found() {
    let (_, ca) = issuing();
    let client = || ca.client(now()).dns("a.example");
    let chain = |issued: Result<Issued, _>| issued.unwrap().chain_pem();
    let none = chain(client().extended_key_usage(&[]).issue());
    is(&none, Severity::Warning, "no-purpose");
    let other = chain(client().extended_key_usage(&[Usage::CodeSigning]).issue());
    is(&other, Severity::Error, "no-tls-purpose");
    let nameless = chain(ca.server(now()).common_name("a").issue());
    is(&nameless, Severity::Error, "no-alternative-name");
    let nameless = chain(ca.client(now()).common_name("a").issue());
    is(&nameless, Severity::Warning, "no-alternative-name");
    let silent = chain(client().key_usage(&[KeyUsage::KeyEncipherment]).issue());
    is(&silent, Severity::Error, "no-digital-signature");
    let ca = chain(
        client()
            .basic_constraints(BasicConstraints::Authority)
            .issue(),
    );
    assert!(found(&ca).contains(&(Severity::Error, "authority-as-leaf")));
    let lost = chain(client().without_extension(&[2, 5, 29, 35]).issue());
    is(&lost, Severity::Warning, "no-authority-key-id");
}

#[test]
fn dates_are_looked_at() {
    let (_, ca) = issuing();
    for (from, until, severity, code) in [
        ("2026-01-01", "2026-02-01", Severity::Error, "expired"),
        ("2026-09-01", "2026-10-01", Severity::Error, "not-yet-valid"),
        ("2026-07-01", "2026-08-05", Severity::Warning, "ends-soon"),
        ("2026-07-01", "2028-01-01", Severity::Warning, "long-lived"),
    ] {
        let moment = |day: &str| at(&format!("{day}T00:00:00Z"));
        let leaf = ca
            .client(now())
            .dns("a.example")
            .validity(moment(from), moment(until));
        is(&leaf.issue().unwrap().chain_pem(), severity, code);
    }
}

#[test]
fn the_order_of_a_chain_matters() {
    let (root, issuing) = issuing();
    let leaf = issuing.client(now()).dns("a.example").issue().unwrap();
    let (leaf, issuing, root) = (
        leaf.leaf_pem(),
        issuing.certificate_pem(),
        root.certificate_pem(),
    );
    let stranger = Authority::root("Stranger", now()).unwrap();
    let stranger = stranger
        .intermediate("Between", now())
        .unwrap()
        .certificate_pem();
    is(&format!("{issuing}{leaf}"), Severity::Error, "wrong-order");
    is(
        &format!("{leaf}{issuing}{root}"),
        Severity::Warning,
        "root-sent",
    );
    is(&format!("{leaf}{stranger}"), Severity::Warning, "unrelated");
    assert!(found(&format!("{leaf}{root}{issuing}")).contains(&(Severity::Error, "wrong-order")));
}

#[test]
fn a_key_that_does_not_fit_or_cannot_be_read_is_found() {
    let other = Key::generate(KeyKind::Ed25519).unwrap();
    let text = client().with_key(other);
    let text = text.chain_pem() + &text.key_pem();
    is(&text, Severity::Error, "key-mismatch");
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    is(broken, Severity::Error, "unreadable");
    is("nothing of the kind", Severity::Error, "nothing");
}

/// Whether that is among what is found.
#[track_caller]
fn has(text: &str, severity: Severity, code: &'static str) {
    let all = found(text);
    assert!(all.contains(&(severity, code)), "{all:?}");
}

#[test]
fn a_signature_over_sha_1_or_md5_is_found_though_not_on_a_root() {
    let (root, issuing) = issuing();
    let leaf = issuing.client(now()).dns("a.example").issue().unwrap();
    for digest in [Digest::Sha1, Digest::Md5] {
        let forged = leaf.forge().unwrap().sign_over(digest, issuing.key());
        is(
            &forged.unwrap().leaf_pem(),
            Severity::Error,
            "weak-signature",
        );
    }
    let sha224 = leaf.forge().unwrap();
    let sha224 = sha224.sign_over(Digest::Sha224, issuing.key()).unwrap();
    assert_eq!(found(&sha224.leaf_pem()), []);
    assert_eq!(found(&root.certificate_pem()), []);
}

#[test]
fn a_certificate_of_version_1_is_found() {
    let (_, issuing) = issuing();
    let leaf = issuing.client(now()).dns("a.example").issue().unwrap();
    let old = leaf.forge().unwrap().version_1().sign(issuing.key());
    has(&old.unwrap().leaf_pem(), Severity::Error, "old-version");
}

#[test]
fn an_authority_that_may_not_sign_is_found() {
    let (root, _) = issuing();
    let request = root.intermediate_request("Mute", now());
    let mute = request.key_usage(&[KeyUsage::CrlSign]).issue_authority();
    let text = mute.unwrap().certificate_pem();
    is(&text, Severity::Error, "no-key-cert-sign");
}

/// What OpenSSL makes, which makes what nothing here does; nothing where there is none.
fn openssl(new_key: &[&str]) -> Option<String> {
    let subject = ["-nodes", "-subj", "/CN=a", "-days", "30", "-keyout", "-"];
    let mut openssl = Command::new("openssl");
    let openssl = openssl.args(["req", "-x509", "-newkey"]).args(new_key);
    let done = openssl.args(subject).output().ok()?;
    assert!(done.status.success());
    Some(String::from_utf8(done.stdout).unwrap())
}

#[test]
fn a_short_rsa_key_and_an_odd_curve_are_found_in_certificate_and_key() {
    let curve = ["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"];
    for (new_key, severity, code) in [
        (&["rsa:1024"][..], Severity::Error, "weak-key"),
        (&curve[..], Severity::Warning, "odd-curve"),
    ] {
        let Some(text) = openssl(new_key) else {
            return;
        };
        let all = found(&text);
        let same = all.iter().filter(|it| **it == (severity, code));
        assert_eq!(same.count(), 2, "{all:?}");
    }
    if let Some(text) = openssl(&["rsa:2048"]) {
        let all = found(&text);
        assert!(!all.contains(&(Severity::Error, "weak-key")), "{all:?}");
    }
}

#[test]
fn whatever_form_it_comes_in_the_same_is_found() {
    let client = client();
    let other = client
        .clone()
        .with_key(Key::generate(KeyKind::P256).unwrap());
    let store = Pkcs12::of("client", &client).unwrap();
    let encrypted = other.chain_pem() + &other.key().encrypted_pem("secret").unwrap();
    let look = |bytes: &[u8], password| {
        let all = Finding::in_file(bytes, password, at("2026-08-30T12:00:00Z"));
        let codes = all.unwrap().into_iter().map(|it| (it.item, it.code));
        codes.collect::<Vec<_>>()
    };
    let soon = ("certificate 1".to_owned(), "ends-soon");
    let der = client.certificate_der();
    let wanted = [soon.clone()];
    assert_eq!(look(der, None), wanted);
    assert_eq!(
        look(client.chain_pem().as_bytes(), Some("of no use")),
        wanted
    );
    assert_eq!(look(&client.chain_der().concat(), None), wanted);
    for kind in [Pkcs12Kind::Modern, Pkcs12Kind::Legacy] {
        let store = store.clone().kind(kind).encrypt("secret").unwrap();
        assert_eq!(look(&store, Some("secret")), wanted);
    }
    assert_eq!(look(client.key().pkcs8_der(), None), []);
    // An encrypted key is looked at with its password alone.
    assert_eq!(look(encrypted.as_bytes(), None), wanted);
    let mismatch = ("key".to_owned(), "key-mismatch");
    assert_eq!(look(encrypted.as_bytes(), Some("secret")), [soon, mismatch]);
}

#[test]
fn what_a_password_does_not_open_is_an_error_and_no_finding() {
    let store = Pkcs12::of("client", &client()).unwrap().encrypt("secret");
    let store = store.unwrap();
    let refused = |bytes: &[u8], password| {
        let refused = Finding::in_file(bytes, password, now()).unwrap_err();
        refused.to_string()
    };
    assert_eq!(
        refused(&store, None),
        "cannot read the PKCS#12 store: it wants a password"
    );
    assert_eq!(
        refused(&store, Some("other")),
        "cannot read the PKCS#12 store: it is none, or the password does not open it"
    );
    let key = client().key().encrypted_pem("secret").unwrap();
    assert_eq!(
        refused(key.as_bytes(), Some("other")),
        "cannot read the private key: the password does not open it"
    );
}

#[test]
fn what_openssl_encrypts_is_read_with_scrypt_too() {
    let (Some(text), key) = (openssl(&["rsa:2048"]), tempfile::tempdir().unwrap()) else {
        return;
    };
    let (plain, closed) = (key.path().join("plain"), key.path().join("closed"));
    std::fs::write(&plain, &text).unwrap();
    for options in [&["-v2", "aes-128-cbc"][..], &["-scrypt"]] {
        let mut openssl = Command::new("openssl");
        let openssl = openssl.args(["pkcs8", "-topk8", "-passout", "pass:secret"]);
        let done = openssl.args(options).arg("-in").arg(&plain).arg("-out");
        assert!(done.arg(&closed).status().unwrap().success());
        let read = std::fs::read_to_string(&closed).unwrap();
        let key = Key::from_encrypted_pem(&read, "secret").unwrap();
        let wanted = Key::from_pem(&text).unwrap();
        assert_eq!(key.public_key_der(), wanted.public_key_der());
    }
}

//! Keys.

use countersign_pki::{Issued, Key, KeyKind};

use super::{is_signed_by, openssl, parse, root};
use crate::now;

const KINDS: [(KeyKind, &str); 5] = [
    (KeyKind::P256, "P-256"),
    (KeyKind::P384, "P-384"),
    (KeyKind::P521, "P-521"),
    (KeyKind::Ed25519, "ED25519"),
    (KeyKind::Rsa2048, "2048 bit"),
];

fn client(kind: KeyKind) -> Issued {
    let request = root().client(now()).common_name("x").key(kind).issue();
    request.unwrap()
}

#[test]
fn a_certificate_is_for_the_key_that_was_asked_for() {
    for (kind, _) in KINDS {
        let client = client(kind);
        let leaf = parse(client.certificate_der());
        assert_eq!(client.key().kind(), Some(kind));
        assert_eq!(leaf.public_key().raw, client.key().public_key_der());
    }
}

#[test]
fn every_kind_of_key_signs_for_an_authority() {
    for (kind, _) in KINDS {
        let root = countersign_pki::Authority::root_request("Test Root", now());
        let root = root.key(kind).issue_authority().unwrap();
        let client = root.client(now()).common_name("x").issue().unwrap();
        if kind != KeyKind::P521 {
            // x509-parser cannot check this one.
            assert!(
                is_signed_by(client.certificate_der(), root.certificate_der()),
                "{kind:?}"
            );
        }
    }
}

#[test]
fn a_key_that_is_written_is_read_back() {
    for (kind, _) in KINDS {
        let key = Key::generate(kind).unwrap();
        let read = Key::from_pem(&key.pem()).unwrap();
        assert_eq!(read.kind(), Some(kind));
        assert_eq!(read.public_key_der(), key.public_key_der());
        assert_eq!(read.pkcs8_der(), key.pkcs8_der());
    }
}

/// Version 2 states the public key after the private one; OpenSSL before 3.5 does not read that.
#[test]
fn ed25519_keys_are_written_in_version_1() {
    let key = Key::generate(KeyKind::Ed25519).unwrap();
    let head = [
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    assert!(key.pkcs8_der().starts_with(&head));
    assert_eq!(key.pkcs8_der().len(), 48);
    assert_eq!(client(KeyKind::Ed25519).key().pkcs8_der().len(), 48);
}

#[test]
fn openssl_reads_every_key() {
    for (kind, words) in KINDS {
        let key = Key::generate(kind).unwrap();
        let Some(text) = openssl(&["pkey", "-noout", "-text", "-in"], &key.pem()) else {
            return;
        };
        assert!(text.contains(words), "{text}");
        let encrypted = key.encrypted_pem("secret").unwrap();
        let arguments = ["pkey", "-passin", "pass:secret", "-in"];
        let opened = openssl(&arguments, &encrypted).unwrap();
        assert_eq!(Key::from_pem(&opened).unwrap().pkcs8_der(), key.pkcs8_der());
    }
}

#[test]
fn the_older_forms_of_a_key_are_read() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048] {
        let key = Key::generate(kind).unwrap();
        let Some(older) = openssl(&["pkey", "-traditional", "-in"], &key.pem()) else {
            return;
        };
        assert!(older.contains("BEGIN EC PRIVATE KEY") || older.contains("BEGIN RSA PRIVATE KEY"));
        let read = Key::from_pem(&older).unwrap();
        assert_eq!(
            (read.kind(), read.public_key_der()),
            (Some(kind), key.public_key_der())
        );
        assert!(read.pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(openssl(&["pkey", "-noout", "-check", "-in"], &read.pem()).is_some());
    }
}

/// Keys that a server should refuse: they can be certified, though not by a library that refuses them.
#[test]
fn a_key_that_cannot_sign_here_can_be_certified() {
    let rsa = [
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:1024",
        "-out",
    ];
    let curve = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:secp256k1",
        "-out",
    ];
    for arguments in [rsa, curve] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let made = std::process::Command::new("openssl")
            .args(arguments)
            .arg(&path)
            .output();
        let Ok(made) = made else {
            return eprintln!("skipped: there is no openssl here");
        };
        assert!(made.status.success());
        let key = Key::from_pem(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(key.kind(), None);
        let root = root();
        let client = root
            .client(now())
            .common_name("x")
            .for_key(&key)
            .issue()
            .unwrap();
        assert!(is_signed_by(
            client.certificate_der(),
            root.certificate_der()
        ));
        let public = openssl(&["x509", "-noout", "-pubkey", "-in"], &client.leaf_pem()).unwrap();
        let expected = openssl(&["pkey", "-pubout", "-in"], &client.key_pem()).unwrap();
        assert_eq!(public, expected);
    }
}

#[test]
fn what_is_no_key_is_refused() {
    for text in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
    ] {
        let refused = Key::from_pem(text).unwrap_err().to_string();
        assert!(
            refused.starts_with("cannot read the private key: "),
            "{refused}"
        );
    }
}

#[test]
fn a_key_prints_nothing_of_itself() {
    let printed = format!("{:?}", Key::generate(KeyKind::P256).unwrap());
    assert_eq!(printed, "Key(Some(P256))");
}

//! Keys that are kept under a password, and keys that are kept elsewhere.

use std::error::Error;
use std::fs;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use countersign_pki::{Issued, Key, KeyKind, Pkcs12, Pkcs12Kind};
use countersign_tls::{
    Credential, CredentialError, LoadError, Password, RustlsCredential, SignatureScheme, Signer,
};

use crate::world::{Ca, now};

fn issued() -> Issued {
    let ca = Ca::new("Clients");
    let issuing = ca.root.intermediate("Issuing", now()).unwrap();
    issuing
        .client(now())
        .common_name("billing")
        .issue()
        .unwrap()
}

#[test]
fn a_password_opens_an_encrypted_key_and_no_other_does() {
    let issued = issued();
    let key = issued.key().encrypted_pem("changeit").unwrap();
    let open = |password: &str| {
        let chain = issued.chain_pem();
        Credential::from_encrypted_pem(chain.as_bytes(), key.as_bytes(), &password.into())
    };
    assert_eq!(open("changeit").unwrap().chain().len(), 2);
    assert_eq!(open("changed").unwrap_err(), CredentialError::KeyPassword);

    let combined = issued.chain_pem() + &key;
    let error = Credential::from_combined_pem(combined.as_bytes()).unwrap_err();
    assert_eq!(error, CredentialError::KeyEncrypted);
    assert_eq!(
        error.to_string(),
        "the private key is encrypted: a password is needed"
    );
}

#[test]
fn a_key_that_is_not_encrypted_needs_no_password() {
    let (chain, key) = (issued(), "unused".into());
    let open = Credential::from_encrypted_pem(
        chain.chain_pem().as_bytes(),
        chain.key_pem().as_bytes(),
        &key,
    );
    assert!(open.is_ok());
}

#[test]
fn a_cipher_of_the_older_way_that_is_not_supported_is_named() {
    let issued = issued();
    let key = issued.key_pem().replace("PRIVATE", "EC PRIVATE").replacen(
        "KEY-----\n",
        "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: CAMELLIA-128-CBC,3F17F5316E2BAC89\n\n",
        1,
    );
    let error = Credential::from_encrypted_pem(
        issued.chain_pem().as_bytes(),
        key.as_bytes(),
        &"changeit".into(),
    );
    let scheme = "CAMELLIA-128-CBC".to_owned();
    assert_eq!(
        error.unwrap_err(),
        CredentialError::KeyEncryption { scheme }
    );
    let combined = issued.chain_pem() + &key;
    assert_eq!(
        Credential::from_combined_pem(combined.as_bytes()).unwrap_err(),
        CredentialError::KeyEncrypted
    );
}

#[test]
fn both_dialects_of_pkcs12_are_opened_by_their_password_alone() {
    for kind in [Pkcs12Kind::Modern, Pkcs12Kind::Legacy] {
        let issued = issued();
        let store = Pkcs12::of("billing", &issued).unwrap().kind(kind);
        let bytes = store.encrypt("changeit").unwrap();
        let credential = Credential::from_pkcs12(&bytes, &"changeit".into()).unwrap();
        let chain: Vec<_> = credential.chain().iter().map(|der| der.to_vec()).collect();
        assert_eq!(chain, issued.chain_der(), "{kind:?}");
        assert_eq!(
            Credential::from_pkcs12(&bytes, &"changed".into()).unwrap_err(),
            CredentialError::Pkcs12Password
        );
    }
}

#[test]
fn a_store_without_a_key_and_bytes_that_are_no_store_are_told_apart() {
    let root = Ca::new("Clients").root.certificate_pem();
    let trust = Pkcs12::trust("root", &root).unwrap();
    let trust = trust.encrypt("changeit").unwrap();
    let error = Credential::from_pkcs12(&trust, &"changeit".into()).unwrap_err();
    let found = "found 1 x certificate".to_owned();
    assert_eq!(error, CredentialError::NoKey { found });

    let error = Credential::from_pkcs12(root.as_bytes(), &"changeit".into()).unwrap_err();
    assert!(matches!(error, CredentialError::Pkcs12 { .. }), "{error}");
}

#[test]
fn a_password_is_the_first_line_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    fs::write(&path, "changeit\nof the store\n").unwrap();
    let password = Password::from_file(&path).unwrap();
    let issued = issued();
    let key = issued.key().encrypted_pem("changeit").unwrap();
    let chain = issued.chain_pem();
    assert!(Credential::from_encrypted_pem(chain.as_bytes(), key.as_bytes(), &password).is_ok());

    let missing = Password::from_file(folder.path().join("missing")).unwrap_err();
    assert!(matches!(missing, LoadError::Read { .. }));
}

/// A token: it signs, and shows no key.
#[derive(Debug)]
struct Token(Key);

impl Signer for Token {
    fn schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_P256_SHA256]
    }

    fn sign(
        &self,
        _: SignatureScheme,
        message: &[u8],
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, self.0.pkcs8_der());
        let signature = pair?.sign(&SystemRandom::new(), message)?;
        Ok(signature.as_ref().to_vec())
    }
}

#[test]
fn a_signer_makes_a_credential_if_it_proves_that_it_has_the_key() {
    let issued = issued();
    let token = |key: Key| Arc::new(Token(key));
    let credential = Credential::from_signer(issued.chain_der(), token(issued.key().clone()));
    assert_eq!(credential.unwrap().chain().len(), 2);

    let other = token(Key::generate(KeyKind::P256).unwrap());
    let subject = "CN=billing".to_owned();
    assert_eq!(
        Credential::from_signer(issued.chain_der(), other).unwrap_err(),
        CredentialError::KeyMismatch { subject }
    );
    let unable = token(Key::generate(KeyKind::Ed25519).unwrap());
    let error = Credential::from_signer(issued.chain_der(), unable).unwrap_err();
    assert!(matches!(error, CredentialError::Signer { .. }), "{error}");
}

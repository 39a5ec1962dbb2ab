//! What the issuing engine promises: whatever is asked for is what is signed.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

mod contents;
mod crl;
mod csr;
mod forgery;
mod keys;
mod psd2;
mod rollover;
mod seed;

use std::process::Command;

use countersign_pki::Authority;
use x509_parser::prelude::*;

use crate::now;

fn root() -> Authority {
    Authority::root("Test Root", now()).unwrap()
}

fn parse(der: &[u8]) -> X509Certificate<'_> {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    certificate
}

/// The content of the only extension with that object identifier.
fn extension<'a>(certificate: &'a X509Certificate<'_>, oid: &str) -> &'a [u8] {
    let mut all = certificate.extensions().iter();
    let found = all.find(|e| e.oid.to_id_string() == oid).unwrap();
    found.value
}

/// Whether the signature of the first certificate is by the key of the second.
fn is_signed_by(der: &[u8], issuer: &[u8]) -> bool {
    let issuer = parse(issuer);
    parse(der)
        .verify_signature(Some(issuer.public_key()))
        .is_ok()
}

/// What `openssl` prints, where it is installed. The file is the last argument.
fn openssl(arguments: &[&str], input: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    std::fs::write(&path, input).unwrap();
    let Ok(done) = Command::new("openssl").args(arguments).arg(&path).output() else {
        eprintln!("skipped: there is no openssl here");
        return None;
    };
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "openssl {arguments:?}: {error}");
    Some(String::from_utf8(done.stdout).unwrap())
}

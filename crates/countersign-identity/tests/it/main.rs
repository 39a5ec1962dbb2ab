//! Claims about what a certificate says of its holder.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bytes;
mod catalogue;
mod codes;
mod distinguished_name;
mod facts;
mod forwarded;
mod name;
mod property;
mod psd2;
mod renewal;
mod rules;
mod scheme;
mod vector;

use countersign_identity::Certificate;
use countersign_pki::{Authority, Catalogue, Request};
use jiff::Timestamp;
use rcgen::{CertificateParams, CustomExtension, KeyPair};

/// The moment at which all of these tests take place.
fn now() -> Timestamp {
    "2026-08-01T12:00:00Z".parse().unwrap()
}

/// The bytes of a client's certificate for which `ask` asks.
fn client(ask: impl FnOnce(Request<'_>) -> Request<'_>) -> Vec<u8> {
    let root = Authority::root("Test Root", now()).unwrap();
    let issued = ask(root.client(now())).issue().unwrap();
    issued.certificate_der().to_vec()
}

fn read(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap()
}

/// The first certificate of a fixture's chain.
fn fixture(name: &str) -> Certificate {
    let fixture = Catalogue::get(name).unwrap().unwrap();
    read(&first_der(&fixture.presented.unwrap().chain_pem))
}

fn first_der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().skip(1);
    let base64: String = lines.take_while(|line| !line.starts_with('-')).collect();
    data_encoding::BASE64.decode(base64.as_bytes()).unwrap()
}

/// A certificate that no authority of ours would issue; its signature is nobody's business here.
fn odd(write: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    write(&mut params);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

/// One with these bytes as the content of its subjectAltName.
fn with_alt_names(content: &[u8]) -> Vec<u8> {
    odd(|params| {
        let extension = CustomExtension::from_oid_content(SUBJECT_ALT_NAME, content.to_vec());
        params.custom_extensions.push(extension);
    })
}

const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];

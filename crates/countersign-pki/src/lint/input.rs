//! In which form does it come? Whatever it is, it is looked at as PEM.

use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

use crate::der::{self, Element};
use crate::error::IssueError;
use crate::key::Key;
use crate::pem;
use crate::pkcs12::Pkcs12;

/// PEM, encrypted or not; certificates or a key in DER; or a PKCS#12 store.
pub(super) fn to_pem(
    bytes: &[u8],
    password: Option<&str>,
) -> Result<Zeroizing<String>, IssueError> {
    if let Some(certificates) = certificates(bytes) {
        let certificates = certificates.iter().copied();
        return Ok(Zeroizing::new(pem::encode_chain(certificates)));
    }
    if is_store(bytes) {
        return store(bytes, password);
    }
    if let Ok(key) = Key::from_pkcs8_der(bytes) {
        return Ok(key.pem());
    }
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    match password {
        Some(password) => opened(text, password),
        None => Ok(text),
    }
}

/// The certificates, if there is nothing else.
fn certificates(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut all = Vec::new();
    while let Ok((rest, _)) = parse_x509_certificate(bytes) {
        let length = bytes.len().checked_sub(rest.len())?;
        all.push(bytes.get(..length)?);
        bytes = rest;
    }
    (bytes.is_empty() && !all.is_empty()).then_some(all)
}

/// Whether it is a PFX (RFC 7292, 4): a version, which is 3, and something that is no AlgorithmIdentifier.
fn is_store(bytes: &[u8]) -> bool {
    let fields = Element::only(bytes).and_then(|pfx| pfx.children());
    let version = fields.as_ref().and_then(|fields| fields.first());
    version.is_some_and(|it| it.tag == der::INTEGER && it.content == [3])
}

fn store(bytes: &[u8], password: Option<&str>) -> Result<Zeroizing<String>, IssueError> {
    let password = password.ok_or(IssueError::Pkcs12Unreadable {
        reason: "it wants a password",
    })?;
    let store = Pkcs12::open(bytes, password)?;
    let mut text = Zeroizing::new(store.certificates_pem());
    if let Some(key) = store.key() {
        text.push_str(&key.pem());
    }
    Ok(text)
}

/// With the key as it is once the password has opened it.
fn opened(text: Zeroizing<String>, password: &str) -> Result<Zeroizing<String>, IssueError> {
    const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY-----";
    if !text.contains(ENCRYPTED) {
        return Ok(text);
    }
    let key = Key::from_encrypted_pem(&text, password)?;
    // Under another label the block that was opened is not looked at again.
    let without = text.replace(ENCRYPTED, "OPENED-----");
    Ok(Zeroizing::new(without + &key.pem()))
}

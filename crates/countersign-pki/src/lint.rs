//! What is wrong with these certificates? The [`Finding`]s on a PEM text, whoever made it.
//!
//! It looks at what a TLS peer or a careful reader would stumble over. It trusts nobody and asks
//! nobody: whether a chain leads to an anchor of theirs only a verifier can tell.

mod certificate;
mod chain;
mod input;

use std::fmt;

use jiff::Timestamp;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::error::IssueError;
use crate::key::Key;
use crate::pem;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Somebody will refuse it.
    Error,
    /// It should be otherwise.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Something that is wrong. It prints as one line.
///
/// ```
/// use countersign_pki::{Authority, Finding};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let issuing = Authority::root("Root", now)?.intermediate("Issuing", now)?;
/// let server = issuing.server(now).common_name("localhost").issue()?;
///
/// let found = Finding::in_pem(&server.chain_pem(), now);
/// assert_eq!(found[0].code, "no-alternative-name");
/// assert_eq!(found.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Which block of the text: `certificate 1`, `key`.
    pub item: String,
    /// A word for it that stays the same.
    pub code: &'static str,
    /// What is wrong, in a sentence.
    pub message: String,
}

impl Finding {
    /// Everything that is wrong with the certificates, the chain that they make and the key of a text.
    pub fn in_pem(text: &str, now: Timestamp) -> Vec<Self> {
        let blocks = Pem::iter_from_buffer(text.as_bytes()).filter_map(Result::ok);
        let blocks = blocks.filter(|block| block.label == "CERTIFICATE");
        let ders: Vec<Vec<u8>> = blocks.map(|block| block.contents).collect();
        let mut findings = Vec::new();
        let mut certificates = Vec::new();
        for (index, der) in ders.iter().enumerate() {
            let item = format!("certificate {}", index + 1);
            match parse_x509_certificate(der) {
                Ok(([], found)) => certificates.push((item, found)),
                _ => findings.push(error(
                    &item,
                    "unreadable",
                    "it is not exactly one certificate",
                )),
            }
        }
        for (item, found) in &certificates {
            certificate::check(item, found, now, &mut findings);
        }
        chain::check(&certificates, &mut findings);
        let has_key = check_key(text, &certificates, &mut findings);
        if ders.is_empty() && !has_key {
            let message = "there is neither a certificate nor a private key in PEM";
            findings.push(error("file", "nothing", message));
        }
        findings
    }

    /// What is wrong with the content of a file: PEM, encrypted or not, certificates or a key in DER, or a
    /// PKCS#12 store. A key that is encrypted is not looked at without a password.
    ///
    /// # Errors
    /// [`IssueError::Pkcs12Unreadable`] and [`IssueError::KeyUnreadable`] if the password does not open it,
    /// or a store comes without one.
    pub fn in_file(
        bytes: &[u8],
        password: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<Self>, IssueError> {
        Ok(Self::in_pem(&input::to_pem(bytes, password)?, now))
    }

    /// A finding on what is around the text: who may read the file.
    pub fn key_readable(mode: u32) -> Self {
        let message = format!("others may read it (mode {mode:04o}); run chmod 600 on it");
        error("key", "key-readable", message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            severity,
            item,
            code,
            message,
        } = self;
        write!(f, "{severity}: {item}: {message} [{code}]")
    }
}

/// The certificates of a text that can be read, and what to call each.
type Certificates<'a> = [(String, X509Certificate<'a>)];

/// Whether there is a key; it should be for the first certificate.
fn check_key(text: &str, certificates: &Certificates<'_>, findings: &mut Vec<Finding>) -> bool {
    let Some((label, _)) = pem::private_key(text) else {
        return false;
    };
    if label == "ENCRYPTED PRIVATE KEY" {
        return true;
    }
    let Ok(key) = Key::from_pem(text) else {
        let message = "it cannot be read: neither PKCS#8 nor SEC 1 nor PKCS#1";
        findings.push(error("key", "unreadable", message));
        return true;
    };
    if let Ok((_, public)) = SubjectPublicKeyInfo::from_der(key.public_key_der()) {
        findings.extend(certificate::weak_key("key", &public));
    }
    if let Some((item, first)) = certificates.first()
        && first.public_key().raw != key.public_key_der()
    {
        let message = format!("it is not the one of {item}");
        findings.push(error("key", "key-mismatch", message));
    }
    true
}

fn error(item: &str, code: &'static str, message: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Error,
        item: item.to_owned(),
        code,
        message: message.into(),
    }
}

fn warning(item: &str, code: &'static str, message: impl Into<String>) -> Finding {
    Finding {
        severity: Severity::Warning,
        ..error(item, code, message)
    }
}

//! What is wrong with the certificates of a bundle, as those of CAs?

use std::collections::HashSet;
use std::fmt;

use countersign_identity::{Certificate, KeyKind, Purposes};
use countersign_pki::{Finding, Severity};
use countersign_tls::{AnchorFlaw, Anchors, AnchorsError};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The certificates of a PEM text.
pub(super) struct Bundle {
    entries: Vec<Entry>,
}

struct Entry {
    position: usize,
    /// The PEM of this one alone.
    pem: String,
    certificate: Option<Certificate>,
}

/// Something that is wrong. It prints as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) severity: Severity,
    /// Which certificate, counted from 1; none, where it is about the whole bundle.
    pub(super) position: Option<usize>,
    pub(super) subject: Option<String>,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Bundle {
    pub(super) fn read(text: &str) -> Self {
        let blocks = text.split_inclusive(END).filter(|it| it.ends_with(END));
        let blocks = blocks.filter_map(|block| block.rfind(BEGIN).and_then(|at| block.get(at..)));
        let entries = blocks.enumerate().map(|(index, pem)| Entry {
            position: index + 1,
            certificate: certificate(pem),
            pem: pem.to_owned(),
        });
        Self {
            entries: entries.collect(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// All of it, in the order of the bundle.
    pub(super) fn remarks(&self, now: Timestamp) -> Vec<Remark> {
        if self.entries.is_empty() {
            let message = "there is no certificate in PEM";
            return vec![Remark::of_all("empty", message)];
        }
        let mut remarks = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            remarks.extend(entry.remarks(now));
            let before = self.entries.iter().take(index);
            remarks.extend(before.filter_map(|other| entry.beside(other)).take(1));
        }
        remarks
    }

    /// What AWS does not take.
    pub(super) fn remarks_of_aws(&self) -> Vec<Remark> {
        let mut remarks: Vec<_> = self.entries.iter().filter_map(Entry::beyond_aws).collect();
        if self.len() > AWS_CERTIFICATES || self.once_each().len() > AWS_BYTES {
            let message = "it has more than 1000 certificates, or more than a megabyte";
            remarks.push(Remark::of_all("too-large-for-aws", message));
        }
        remarks
    }

    /// The certificates as PEM, each once, in their order.
    pub(super) fn once_each(&self) -> String {
        let mut seen = HashSet::new();
        let entries = self.entries.iter().filter(|entry| {
            let certificate = entry.certificate.as_ref();
            certificate.is_none_or(|certificate| seen.insert(certificate.thumbprint()))
        });
        entries.map(|entry| format!("{}\n", entry.pem)).collect()
    }
}

const AWS_CERTIFICATES: usize = 1000;
const AWS_BYTES: usize = 1_000_000;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

fn certificate(pem: &str) -> Option<Certificate> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Certificate::from_der(&der).ok()
}

impl Entry {
    fn remarks(&self, now: Timestamp) -> Vec<Remark> {
        let found = Finding::in_pem(&self.pem, now);
        let Some(certificate) = &self.certificate else {
            let message = "it cannot be read";
            return vec![self.remark(Severity::Error, "unreadable", message)];
        };
        // What else is wrong with a leaf is beside the point.
        let keeps = |finding: &Finding| certificate.is_ca() || finding.code == OLD_VERSION;
        let found = found.into_iter().filter(keeps);
        let mut remarks: Vec<_> = found
            .map(|finding| self.remark(finding.severity, finding.code, &finding.message))
            .collect();
        remarks.extend(self.flaw());
        if let Purposes::Listed { any, client, .. } = certificate.purposes()
            && !any
            && !client
        {
            let message =
                "its extended key usage does not include clientAuth: it vouches for no client";
            remarks.push(self.remark(Severity::Warning, "not-for-clients", message));
        }
        remarks
    }

    /// Why it would be no anchor, where that is not said yet.
    fn flaw(&self) -> Option<Remark> {
        let error = Anchors::from_pem(self.pem.as_bytes()).err()?;
        let (code, message) = match error {
            AnchorsError::NotCa { .. } => ("not-a-ca", "it is not a CA's".to_owned()),
            AnchorsError::Flawed {
                flaw: AnchorFlaw::MayNotSign | AnchorFlaw::Version,
                ..
            } => return None,
            AnchorsError::Flawed { flaw, .. } => ("not-an-anchor", flaw.to_string()),
            AnchorsError::Certificate { source, .. } => ("not-an-anchor", source.to_string()),
            _ => {
                let message = "a verifier cannot use it";
                ("not-an-anchor", message.to_owned())
            }
        };
        Some(self.remark(Severity::Error, code, &message))
    }

    /// Why AWS does not take it.
    fn beyond_aws(&self) -> Option<Remark> {
        let certificate = self.certificate.as_ref()?;
        if certificate.signature_algorithm().is_broken() {
            let message = "AWS takes no signature with SHA-1";
            return Some(self.remark(Severity::Error, "signature-not-for-aws", message));
        }
        let kind = certificate.key_kind();
        let (severity, message) = match kind {
            KeyKind::Rsa { bits: 2048.. } | KeyKind::P256 | KeyKind::P384 => return None,
            KeyKind::P521 => (
                Severity::Warning,
                "API Gateway takes no key of this kind, P-521; the load balancer does".to_owned(),
            ),
            other => (
                Severity::Error,
                format!("AWS takes no key of this kind, {other}"),
            ),
        };
        Some(self.remark(severity, "key-not-for-aws", &message))
    }

    /// What is to be said of it because `other` stands before it.
    fn beside(&self, other: &Self) -> Option<Remark> {
        let (this, that) = (self.certificate.as_ref()?, other.certificate.as_ref()?);
        let place = other.position;
        let same_name = this.subject() == that.subject();
        let (code, message) = if this.thumbprint() == that.thumbprint() {
            (
                "duplicate",
                format!("it is the same as certificate {place}"),
            )
        } else if same_name && this.pin() == that.pin() {
            let message = format!("it has the name and the key of certificate {place}");
            ("same-key", message)
        } else if same_name {
            let message = format!("it has the name of certificate {place} and another key");
            ("same-name", message)
        } else {
            return None;
        };
        Some(self.remark(Severity::Warning, code, &message))
    }

    fn remark(&self, severity: Severity, code: &'static str, message: &str) -> Remark {
        let subject = |certificate: &Certificate| certificate.subject().to_string();
        let subject = self.certificate.as_ref().map(subject);
        Remark {
            severity,
            position: Some(self.position),
            subject: subject.filter(|subject| !subject.is_empty()),
            code,
            message: message.to_owned(),
        }
    }
}

const OLD_VERSION: &str = "old-version";

impl Remark {
    pub(super) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn of_all(code: &'static str, message: &str) -> Self {
        Self {
            severity: Severity::Error,
            position: None,
            subject: None,
            code,
            message: message.to_owned(),
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        match self.position {
            Some(position) => write!(f, "certificate {position}")?,
            None => f.write_str("bundle")?,
        }
        if let Some(subject) = &self.subject {
            write!(f, " ({subject})")?;
        }
        write!(f, ": {} [{}]", self.message, self.code)
    }
}

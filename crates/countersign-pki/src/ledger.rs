//! What was revoked? The ledger of a folder, `revoked.toml`: what its lists are made from.
//!
//! It forgets nothing: a certificate that was revoked stays so, whatever became of its file.

use jiff::Timestamp;

use crate::crl::RevocationReason;
use crate::document::LedgerDocument;

/// The file of the ledger.
pub(crate) const LEDGER: &str = "revoked.toml";

const HEAD: &str =
    "# Which certificates of this folder are revoked. Written by `countersign pki revoke`; the
# lists NAME.crl.pem are made from it.
";

/// A certificate that is no longer good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// The item whose certificate it was, or another name for it.
    pub name: String,
    /// The item of the authority that issued it.
    pub issuer: String,
    /// Its serial number, without leading zeros.
    pub serial: Vec<u8>,
    /// Why.
    pub reason: RevocationReason,
    /// Since when.
    pub at: Timestamp,
}

/// Everything that was revoked, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    all: Vec<Revocation>,
}

impl Ledger {
    /// Reads the file; the error is the reason.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let all = LedgerDocument::parse(text)?;
        Ok(Self { all })
    }

    /// The text of the file; the error is the reason.
    pub(crate) fn to_text(&self) -> Result<String, String> {
        let text = LedgerDocument::write(&self.all)?;
        Ok(format!("{HEAD}{text}"))
    }

    pub(crate) fn all(&self) -> &[Revocation] {
        &self.all
    }

    pub(crate) fn into_all(self) -> Vec<Revocation> {
        self.all
    }

    /// What that authority has revoked.
    pub(crate) fn of(&self, issuer: &str) -> impl Iterator<Item = &Revocation> {
        self.all.iter().filter(move |it| it.issuer == issuer)
    }

    pub(crate) fn find(&self, issuer: &str, serial: &[u8]) -> Option<&Revocation> {
        self.of(issuer).find(|it| it.serial == normal(serial))
    }

    /// The same with what will be revoked, of which nobody knows the serial number yet.
    pub(crate) fn foreseeing(&self, revocations: impl IntoIterator<Item = Revocation>) -> Self {
        let mut all = self.all.clone();
        all.extend(revocations);
        Self { all }
    }

    /// Adds it, unless that certificate is revoked already: the first reason and moment count.
    pub(crate) fn add(&mut self, revocation: Revocation) -> bool {
        let is_new = self.find(&revocation.issuer, &revocation.serial).is_none();
        if is_new {
            self.all.push(revocation);
        }
        is_new
    }
}

/// A serial number without leading zeros, which DER has where the first bit is set.
pub(crate) fn normal(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revocation(serial: &[u8]) -> Revocation {
        Revocation {
            name: "billing".to_owned(),
            issuer: "issuing".to_owned(),
            serial: serial.to_vec(),
            reason: RevocationReason::KeyCompromise,
            at: "2026-08-01T12:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut ledger = Ledger::default();
        assert!(ledger.add(revocation(&[0x9f, 1])));
        assert!(ledger.add(revocation(&[1])));
        assert_eq!(Ledger::parse(&ledger.to_text().unwrap()), Ok(ledger));
    }

    #[test]
    fn a_certificate_is_revoked_once() {
        let mut ledger = Ledger::default();
        assert!(ledger.add(revocation(&[7])));
        assert!(!ledger.add(revocation(&[7])));
        assert!(ledger.find("issuing", &[0, 7]).is_some());
        assert!(ledger.find("root", &[7]).is_none());
    }

    #[test]
    fn a_broken_ledger_is_refused() {
        for text in [
            "",
            "version = 2",
            "version = 1\nrevokd = []",
            "version = 1\n[[revoked]]\nname = \"a\"\nissuer = \"b\"\nserial = \"xyz\"\nreason = \"superseded\"\nat = \"2026-08-01T12:00:00Z\"",
        ] {
            assert!(Ledger::parse(text).is_err(), "{text}");
        }
    }
}

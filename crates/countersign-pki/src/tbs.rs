//! What exactly is signed? The parts of a certificate's TBSCertificate (RFC 5280, 4.1), as encoded.
//!
//! This puts one together, and takes one apart that is to be changed and signed again.

use rcgen::SigningKey;
use time::OffsetDateTime;

use crate::der::{self, Element};
use crate::error::IssueError;
use crate::key::Key;
use crate::validity::Validity;

/// Every part whole, with tag and length.
#[derive(Debug)]
pub(crate) struct Tbs {
    /// Absent in X.509 v1.
    pub(crate) version: Option<Vec<u8>>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    /// Each extension whole; `None` if the certificate has no room for any.
    pub(crate) extensions: Option<Vec<Vec<u8>>>,
}

impl Tbs {
    /// One of version 3, without a room for extensions if there are none. Issuer and algorithm are the
    /// signer's to say.
    pub(crate) fn new(
        serial: &[u8],
        validity: Validity,
        subject: Vec<u8>,
        public_key: &[u8],
        extensions: Vec<Vec<u8>>,
    ) -> Result<Self, IssueError> {
        let version = der::value(der::constructed(0), der::integer(&[2]));
        let (from, until) = validity.to_dates()?;
        Ok(Self {
            version: Some(version),
            serial: der::integer(serial),
            algorithm: Vec::new(),
            issuer: Vec::new(),
            validity: der::sequence([date(from), date(until)]),
            subject,
            public_key: public_key.to_vec(),
            extensions: (!extensions.is_empty()).then_some(extensions),
        })
    }

    /// Takes a certificate apart; `None` if it is none.
    pub(crate) fn read(certificate: &[u8]) -> Option<Self> {
        let outer = Element::only(certificate)?.children()?;
        let fields = outer.first()?.children()?;
        let mut fields = fields.into_iter().peekable();
        let version = fields.next_if(|field| field.tag == der::constructed(0));
        let mut next = || fields.next().map(|field| field.whole.to_vec());
        Some(Self {
            version: version.map(|field| field.whole.to_vec()),
            serial: next()?,
            algorithm: next()?,
            issuer: next()?,
            validity: next()?,
            subject: next()?,
            public_key: next()?,
            extensions: match fields.find(|field| field.tag == der::constructed(3)) {
                Some(field) => Some(read_extensions(field)?),
                None => None,
            },
        })
    }

    /// Together again, not yet signed.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let list = self.extensions.as_ref().map(der::sequence);
        let extensions = list.map(|list| der::value(der::constructed(3), list));
        der::sequence([
            self.version.as_deref().unwrap_or_default(),
            &self.serial,
            &self.algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.public_key,
            &extensions.unwrap_or_default(),
        ])
    }

    /// Signed by the key with the algorithm that it states already.
    pub(crate) fn sign(&self, key: &Key) -> Result<Vec<u8>, IssueError> {
        let tbs = self.to_der();
        let signature = key.material().sign(&tbs)?;
        Ok(self.seal(&tbs, &signature))
    }

    /// The certificate with those bytes for a signature.
    pub(crate) fn seal(&self, tbs: &[u8], signature: &[u8]) -> Vec<u8> {
        der::sequence([tbs, &self.algorithm, &der::bits(signature)])
    }
}

/// Time: UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5).
fn date(date: OffsetDateTime) -> Vec<u8> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let (year, month, day) = date.to_calendar_date();
    let (hour, minute, second) = date.to_hms();
    let month = u8::from(month);
    let rest = format!("{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    match year {
        1950..2050 => der::value(UTC_TIME, format!("{:02}{rest}", year % 100)),
        _ => der::value(GENERALIZED_TIME, format!("{year:04}{rest}")),
    }
}

/// The bytes of a certificate's signature, and what it is a signature of.
pub(crate) fn signature(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let outer = Element::only(certificate)?.children()?;
    let bits = outer.get(2)?.content.get(1..)?;
    Some((outer.first()?.whole, bits))
}

fn read_extensions(field: Element<'_>) -> Option<Vec<Vec<u8>>> {
    let list = Element::only(field.content)?.children()?;
    Some(list.iter().map(|e| e.whole.to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, Issuer};

    use super::*;
    use crate::key::KeyKind;
    use crate::{Authority, Extension, Subject};

    /// Years in both forms of time, and serial numbers of every shape.
    const CASES: [(&str, &str, &[u8]); 4] = [
        ("1950-01-01T00:00:00Z", "2049-12-31T23:59:59Z", &[0]),
        ("1999-01-02T03:04:05Z", "2050-01-01T00:00:00Z", &[0x80; 21]),
        ("2050-11-12T13:14:15Z", "9999-12-30T00:00:00Z", &[0, 0, 1]),
        ("2026-08-01T12:00:00Z", "2026-08-01T12:00:01Z", &[]),
    ];

    /// As rcgen writes it for the same issuer, which is left to have no say in the extensions.
    fn theirs(root: &Authority, key: &Key, validity: Validity, serial: &[u8]) -> Vec<u8> {
        let mut params = CertificateParams::default();
        (params.not_before, params.not_after) = validity.to_dates().unwrap();
        params.serial_number = Some(serial.to_vec().into());
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "é");
        let mut critical = CustomExtension::from_oid_content(&[2, 999, 1 << 40], vec![5, 0]);
        critical.set_criticality(true);
        let plain = CustomExtension::from_oid_content(&[1, 3, 6, 1], vec![7; 300]);
        params.custom_extensions = vec![critical, plain];
        let certificate = root.certificate_der().into();
        let issuer = Issuer::from_ca_cert_der(&certificate, root.key().material()).unwrap();
        let made = params.signed_by(key.material(), &issuer).unwrap();
        signature(made.der()).unwrap().0.to_vec()
    }

    /// As a request writes it without its usual extensions.
    fn ours(root: &Authority, key: &Key, validity: Validity, serial: &[u8]) -> Vec<u8> {
        let request = [[2, 5, 29, 35], [2, 5, 29, 14], [2, 5, 29, 19]]
            .iter()
            .fold(root.client(validity.from), |r, oid| {
                r.without_extension(oid)
            });
        let request = request.key_usage(&[]).extended_key_usage(&[]);
        let request = request.extension(Extension::new(&[2, 999, 1 << 40], [5, 0]).critical());
        let request = request.extension(Extension::new(&[1, 3, 6, 1], [7; 300]));
        let request = request.subject(Subject::named("é")).serial(serial);
        let request = request.validity(validity.from, validity.until);
        let made = request.for_key(key).issue().unwrap();
        signature(made.certificate_der()).unwrap().0.to_vec()
    }

    #[test]
    fn what_is_signed_is_what_rcgen_would_sign() {
        let now = "2026-08-01T12:00:00Z".parse().unwrap();
        for kind in [
            KeyKind::P256,
            KeyKind::P384,
            KeyKind::P521,
            KeyKind::Ed25519,
            KeyKind::Rsa2048,
        ] {
            let root = Authority::root_request("Test Root", now).key(kind);
            let root = root.issue_authority().unwrap();
            let key = Key::generate(kind).unwrap();
            for (from, until, serial) in CASES {
                let validity = Validity::between(from.parse().unwrap(), until.parse().unwrap());
                let (ours, theirs) = (
                    ours(&root, &key, validity, serial),
                    theirs(&root, &key, validity, serial),
                );
                assert_eq!(ours, theirs, "{kind:?} {from} {serial:?}");
            }
        }
    }
}

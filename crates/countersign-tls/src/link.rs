use std::fmt::Write as _;

use countersign_identity::{Pin, Thumbprint};
use jiff::Timestamp;
use x509_parser::extensions::{
    CRLDistributionPoint, DistributionPointName, GeneralName, ParsedExtension, X509Extension,
};
use x509_parser::oid_registry as oids;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Version};

use crate::KeyKind;

/// What one certificate of a path says about itself, as far as a verifier must know it.
///
/// webpki looks at the rest: signatures, dates, CA bits, name constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The names, as whole DER values.
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) thumbprint: Thumbprint,
    pub(crate) pin: Pin,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) key: KeyKind,
    pub(crate) is_v3: bool,
    pub(crate) is_ca: bool,
    pub(crate) path_length: Option<u32>,
    pub(crate) usage: Option<Usage>,
    pub(crate) purposes: Option<Purposes>,
    pub(crate) authority_key_id: AuthorityKeyId,
    /// Whether a key identifier is marked critical, which RFC 5280 forbids. Of a leaf and an intermediate
    /// webpki looks at this, of an anchor nobody else does; so of the next field.
    pub(crate) has_critical_key_id: bool,
    /// A critical extension that nobody here reads.
    pub(crate) unknown_critical: Option<String>,
    /// The URLs at which its issuer publishes lists for it; none speaks of none.
    pub(crate) points: Option<Vec<String>>,
}

/// The bits of keyUsage that matter here (RFC 5280, section 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) digital_signature: bool,
    pub(crate) cert_sign: bool,
    pub(crate) crl_sign: bool,
}

/// The purposes of extKeyUsage that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purposes {
    pub(crate) any: bool,
    pub(crate) client: bool,
}

/// What the authorityKeyIdentifier holds (RFC 5280, section 4.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorityKeyId {
    Absent,
    /// A key identifier and nothing else, as it should be.
    Key,
    /// No key identifier, or the issuer's name and serial besides.
    Odd,
}

/// A certificate, or an extension that matters, cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

impl Link {
    pub(crate) fn read(der: &[u8]) -> Result<Self, Unreadable> {
        let (rest, x509) = X509Certificate::from_der(der).map_err(|_| Unreadable)?;
        if !rest.is_empty() {
            return Err(Unreadable);
        }
        let (is_ca, path_length) = basic_constraints(&x509)?;
        Ok(Self {
            subject: x509.subject().as_raw().to_vec(),
            issuer: x509.issuer().as_raw().to_vec(),
            spki: x509.public_key().raw.to_vec(),
            serial: x509.raw_serial().to_vec(),
            thumbprint: Thumbprint::of(der),
            pin: Pin::of(x509.public_key().raw),
            not_before: timestamp(x509.validity().not_before),
            not_after: timestamp(x509.validity().not_after),
            key: KeyKind::of(x509.public_key()),
            is_v3: x509.version() == X509Version::V3,
            is_ca,
            path_length,
            usage: usage(&x509)?,
            purposes: purposes(&x509)?,
            authority_key_id: authority_key_id(&x509)?,
            has_critical_key_id: has_critical_key_id(&x509),
            unknown_critical: unknown_critical(&x509),
            points: points(&x509)?,
        })
    }

    /// Whether the name of the holder is empty.
    pub(crate) fn has_no_subject(&self) -> bool {
        self.subject == NO_NAME
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// The serial number, in lower-case hex.
    pub(crate) fn serial_hex(&self) -> String {
        let mut text = String::new();
        for byte in &self.serial {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Whether it may sign revocation lists: no keyUsage forbids nothing.
    pub(crate) fn may_sign_lists(&self) -> bool {
        self.usage.is_none_or(|usage| usage.crl_sign)
    }

    /// Whether it may sign certificates.
    pub(crate) fn may_sign_certificates(&self) -> bool {
        self.usage.is_none_or(|usage| usage.cert_sign)
    }
}

const NO_NAME: [u8; 2] = [0x30, 0];

/// The extension, where it is there, read once and read whole.
fn extension<'a>(
    x509: &'a X509Certificate<'_>,
    oid: &Oid<'_>,
) -> Result<Option<&'a ParsedExtension<'a>>, Unreadable> {
    let found = x509.get_extension_unique(oid).map_err(|_| Unreadable)?;
    Ok(found.map(X509Extension::parsed_extension))
}

fn basic_constraints(x509: &X509Certificate<'_>) -> Result<(bool, Option<u32>), Unreadable> {
    match extension(x509, &oids::OID_X509_EXT_BASIC_CONSTRAINTS)? {
        None => Ok((false, None)),
        Some(ParsedExtension::BasicConstraints(found)) => Ok((found.ca, found.path_len_constraint)),
        Some(_) => Err(Unreadable),
    }
}

fn usage(x509: &X509Certificate<'_>) -> Result<Option<Usage>, Unreadable> {
    match extension(x509, &oids::OID_X509_EXT_KEY_USAGE)? {
        None => Ok(None),
        Some(ParsedExtension::KeyUsage(found)) => Ok(Some(Usage {
            digital_signature: found.digital_signature(),
            cert_sign: found.key_cert_sign(),
            crl_sign: found.crl_sign(),
        })),
        Some(_) => Err(Unreadable),
    }
}

fn purposes(x509: &X509Certificate<'_>) -> Result<Option<Purposes>, Unreadable> {
    match extension(x509, &oids::OID_X509_EXT_EXTENDED_KEY_USAGE)? {
        None => Ok(None),
        Some(ParsedExtension::ExtendedKeyUsage(found)) => Ok(Some(Purposes {
            any: found.any,
            client: found.client_auth,
        })),
        Some(_) => Err(Unreadable),
    }
}

fn authority_key_id(x509: &X509Certificate<'_>) -> Result<AuthorityKeyId, Unreadable> {
    match extension(x509, &oids::OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER)? {
        None => Ok(AuthorityKeyId::Absent),
        Some(ParsedExtension::AuthorityKeyIdentifier(found)) => {
            let bare =
                found.authority_cert_issuer.is_none() && found.authority_cert_serial.is_none();
            Ok(match found.key_identifier.is_some() && bare {
                true => AuthorityKeyId::Key,
                false => AuthorityKeyId::Odd,
            })
        }
        Some(_) => Err(Unreadable),
    }
}

fn has_critical_key_id(x509: &X509Certificate<'_>) -> bool {
    let key_ids = [
        oids::OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
        oids::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
    ];
    let mut critical = x509.iter_extensions().filter(|found| found.critical);
    critical.any(|found| key_ids.contains(&found.oid))
}

fn unknown_critical(x509: &X509Certificate<'_>) -> Option<String> {
    let known = [
        oids::OID_X509_EXT_BASIC_CONSTRAINTS,
        oids::OID_X509_EXT_KEY_USAGE,
        oids::OID_X509_EXT_EXTENDED_KEY_USAGE,
        oids::OID_X509_EXT_NAME_CONSTRAINTS,
        oids::OID_X509_EXT_SUBJECT_ALT_NAME,
        oids::OID_X509_EXT_CERTIFICATE_POLICIES,
        oids::OID_X509_EXT_POLICY_CONSTRAINTS,
        oids::OID_X509_EXT_INHIBIT_ANY_POLICY,
        oids::OID_X509_EXT_CRL_DISTRIBUTION_POINTS,
        oids::OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
        oids::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
    ];
    let mut critical = x509.iter_extensions().filter(|found| found.critical);
    let unknown = critical.find(|found| !known.contains(&found.oid))?;
    Some(unknown.oid.to_id_string())
}

fn points(x509: &X509Certificate<'_>) -> Result<Option<Vec<String>>, Unreadable> {
    match extension(x509, &oids::OID_X509_EXT_CRL_DISTRIBUTION_POINTS)? {
        None => Ok(None),
        Some(ParsedExtension::CRLDistributionPoints(found)) => {
            Ok(Some(found.iter().flat_map(urls_of_point).collect()))
        }
        Some(_) => Err(Unreadable),
    }
}

/// A point for some reasons only, or of another issuer's list, has no list that we read.
fn urls_of_point(point: &CRLDistributionPoint<'_>) -> Vec<String> {
    match (&point.distribution_point, &point.reasons, &point.crl_issuer) {
        (Some(name), None, None) => urls(name),
        _ => Vec::new(),
    }
}

/// The URLs of a distribution point's name.
pub(crate) fn urls(name: &DistributionPointName<'_>) -> Vec<String> {
    let DistributionPointName::FullName(names) = name else {
        return Vec::new();
    };
    let url = |name: &GeneralName<'_>| match name {
        GeneralName::URI(url) => Some((*url).to_owned()),
        _ => None,
    };
    names.iter().filter_map(url).collect()
}

/// A moment after the year 9999 becomes the last one that can be told.
pub(crate) fn timestamp(time: ASN1Time) -> Timestamp {
    Timestamp::from_second(time.timestamp()).unwrap_or(Timestamp::MAX)
}

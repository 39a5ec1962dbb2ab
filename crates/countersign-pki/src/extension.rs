//! What else does a certificate say? An [`Extension`]: any object identifier with any bytes.
//!
//! Those that everybody needs have a constructor here; the rest is [`Extension::new`].

use crate::constraints::NameConstraints;
use crate::der;
use crate::error::IssueError;

pub(crate) const SUBJECT_KEY_ID: &[u64] = &[2, 5, 29, 14];
pub(crate) const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
pub(crate) const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];
pub(crate) const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
pub(crate) const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
pub(crate) const CRL_DISTRIBUTION_POINTS: &[u64] = &[2, 5, 29, 31];
pub(crate) const CERTIFICATE_POLICIES: &[u64] = &[2, 5, 29, 32];
pub(crate) const AUTHORITY_KEY_ID: &[u64] = &[2, 5, 29, 35];
pub(crate) const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
pub(crate) const QC_STATEMENTS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 3];
pub(crate) const CABF_ORGANIZATION_IDENTIFIER: &[u64] = &[2, 23, 140, 3, 1];
pub(crate) const AUTHORITY_INFORMATION_ACCESS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
const OCSP: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1];
const OCSP_NO_CHECK: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 5];
const CA_ISSUERS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 2];

/// Those that every certificate of ours has, as far as they say something.
pub(crate) const USUAL: [&[u64]; 6] = [
    AUTHORITY_KEY_ID,
    SUBJECT_ALT_NAME,
    KEY_USAGE,
    EXTENDED_KEY_USAGE,
    SUBJECT_KEY_ID,
    BASIC_CONSTRAINTS,
];

/// An extension of a certificate (RFC 5280, 4.2), not critical unless it says so.
///
/// ```
/// use countersign_pki::{Authority, Extension};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Test Root", now)?;
/// let unknown = Extension::new(&[1, 3, 6, 1, 4, 1, 99999, 1], [0x05, 0x00]).critical();
/// let client = root
///     .client(now)
///     .common_name("x")
///     .extension(unknown)
///     .extension(Extension::crl_distribution_points(["http://crl.example.test/root.crl"]))
///     .issue()?;
/// # assert!(!client.certificate_der().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    oid: Vec<u64>,
    critical: bool,
    value: Vec<u8>,
}

impl Extension {
    /// Any extension. The bytes are those inside the OCTET STRING, and nobody checks them.
    pub fn new(oid: &[u64], value: impl Into<Vec<u8>>) -> Self {
        Self {
            oid: oid.to_vec(),
            critical: false,
            value: value.into(),
        }
    }

    /// Marks it critical: whoever does not know it has to refuse the certificate.
    #[must_use]
    pub fn critical(mut self) -> Self {
        self.critical = true;
        self
    }

    /// cRLDistributionPoints (RFC 5280, 4.2.1.13): one point for each URL.
    pub fn crl_distribution_points<'u>(urls: impl IntoIterator<Item = &'u str>) -> Self {
        let point = |url| {
            let name = der::value(der::constructed(0), uri(url));
            der::sequence([der::value(der::constructed(0), name)])
        };
        let points = urls.into_iter().map(point);
        Self::new(CRL_DISTRIBUTION_POINTS, der::sequence(points))
    }

    /// authorityInfoAccess (RFC 5280, 4.2.2.1): where to ask about revocation, and where to fetch the
    /// issuer's certificate.
    pub fn authority_information_access<'u>(
        ocsp: impl IntoIterator<Item = &'u str>,
        issuers: impl IntoIterator<Item = &'u str>,
    ) -> Self {
        let ocsp = ocsp.into_iter().map(|url| (OCSP, url));
        let issuers = issuers.into_iter().map(|url| (CA_ISSUERS, url));
        let access = ocsp.chain(issuers);
        let access = access.map(|(method, url)| der::sequence([der::oid(method), uri(url)]));
        Self::new(AUTHORITY_INFORMATION_ACCESS, der::sequence(access))
    }

    /// certificatePolicies without qualifiers (RFC 5280, 4.2.1.4).
    pub fn certificate_policies<'o>(oids: impl IntoIterator<Item = &'o [u64]>) -> Self {
        let policies = oids.into_iter().map(|oid| der::sequence([der::oid(oid)]));
        Self::new(CERTIFICATE_POLICIES, der::sequence(policies))
    }

    /// nameConstraints, critical (RFC 5280, 4.2.1.10).
    pub fn name_constraints(constraints: &NameConstraints) -> Self {
        Self::new(NAME_CONSTRAINTS, constraints.to_der()).critical()
    }

    /// authorityKeyIdentifier with a key identifier alone (RFC 5280, 4.2.1.1).
    pub fn authority_key_id(id: &[u8]) -> Self {
        let id = der::value(der::context(0), id);
        Self::new(AUTHORITY_KEY_ID, der::sequence([id]))
    }

    /// subjectKeyIdentifier (RFC 5280, 4.2.1.2).
    pub fn subject_key_id(id: &[u8]) -> Self {
        Self::new(SUBJECT_KEY_ID, der::value(der::OCTET_STRING, id))
    }

    /// id-pkix-ocsp-nocheck: nobody need ask whether this OCSP responder is revoked (RFC 6960, 4.2.2.2.1).
    pub fn ocsp_no_check() -> Self {
        Self::new(OCSP_NO_CHECK, der::NULL)
    }

    /// The object identifier.
    pub fn oid(&self) -> &[u64] {
        &self.oid
    }

    /// The bytes inside the OCTET STRING.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// Extension (RFC 5280, 4.1).
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, IssueError> {
        if !der::is_oid(&self.oid) {
            let arcs = self.oid.clone();
            return Err(IssueError::NotAnOid { arcs });
        }
        // DER leaves the default out (X.690, 11.5).
        let critical = self.critical.then(|| der::boolean(true));
        Ok(der::sequence([
            der::oid(&self.oid),
            critical.unwrap_or_default(),
            der::value(der::OCTET_STRING, &self.value),
        ]))
    }
}

/// A general name of the kind URI.
fn uri(url: &str) -> Vec<u8> {
    der::value(der::context(6), url)
}

//! Which certificates are no longer good? A [`Crl`], signed by an [`Authority`] (RFC 5280, 5).

use std::fmt;

use jiff::Timestamp;
use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, Issuer,
    KeyIdMethod, RevokedCertParams, SerialNumber,
};

use crate::authority::Authority;
use crate::error::IssueError;
use crate::key::Key;
use crate::pem;
use crate::validity::Validity;

/// Why a certificate was revoked (RFC 5280, 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationReason {
    /// It is not said.
    Unspecified,
    /// Somebody else has the key.
    KeyCompromise,
    /// Somebody else has the key of the authority.
    CaCompromise,
    /// The subject is called otherwise now.
    AffiliationChanged,
    /// There is a newer one.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// It may become good again.
    CertificateHold,
    /// It has become good again; only in lists of differences.
    RemoveFromCrl,
    /// What it says is no longer granted.
    PrivilegeWithdrawn,
    /// Somebody else has the key of the attribute authority.
    AaCompromise,
}

impl RevocationReason {
    /// Those that a complete list can give, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// As RFC 5280 spells it: `keyCompromise`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }

    /// The reason of that name, whatever the case; none for [`RemoveFromCrl`](Self::RemoveFromCrl).
    ///
    /// ```
    /// use countersign_pki::RevocationReason;
    ///
    /// let reason = RevocationReason::named("keycompromise");
    /// assert_eq!(reason, Some(RevocationReason::KeyCompromise));
    /// assert_eq!(RevocationReason::named("boredom"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str().eq_ignore_ascii_case(name))
    }

    fn to_rcgen(self) -> rcgen::RevocationReason {
        match self {
            Self::Unspecified => rcgen::RevocationReason::Unspecified,
            Self::KeyCompromise => rcgen::RevocationReason::KeyCompromise,
            Self::CaCompromise => rcgen::RevocationReason::CaCompromise,
            Self::AffiliationChanged => rcgen::RevocationReason::AffiliationChanged,
            Self::Superseded => rcgen::RevocationReason::Superseded,
            Self::CessationOfOperation => rcgen::RevocationReason::CessationOfOperation,
            Self::CertificateHold => rcgen::RevocationReason::CertificateHold,
            Self::RemoveFromCrl => rcgen::RevocationReason::RemoveFromCrl,
            Self::PrivilegeWithdrawn => rcgen::RevocationReason::PrivilegeWithdrawn,
            Self::AaCompromise => rcgen::RevocationReason::AaCompromise,
        }
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// For which certificates of its issuer a list speaks (RFC 5280, 5.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrlScope {
    /// For all of them.
    All,
    /// For those of authorities.
    Authorities,
    /// For those of others.
    Leaves,
}

/// A revocation list in the making, begun by [`Authority::crl`].
///
/// Unless told otherwise it is empty, to be replaced within seven days, and its number is the second at
/// which it is made, so that a later one has a greater number.
///
/// ```
/// use countersign_pki::{Authority, RevocationReason};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Test Root", now)?;
/// let client = root.client(now).common_name("x").issue()?;
/// let crl = root.crl(now).revoke(&client.serial(), RevocationReason::KeyCompromise, now).issue()?;
/// assert!(crl.pem().starts_with("-----BEGIN X509 CRL-----\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a request issues nothing until `issue` is called"]
pub struct CrlRequest<'a> {
    issuer: &'a Authority,
    this_update: Timestamp,
    next_update: Timestamp,
    number: u64,
    revoked: Vec<(Vec<u8>, RevocationReason, Timestamp)>,
    point: Option<(String, CrlScope)>,
    key: Option<Key>,
}

impl<'a> CrlRequest<'a> {
    pub(crate) fn new(issuer: &'a Authority, now: Timestamp) -> Self {
        const WEEK: i64 = 7 * 24 * 60 * 60;
        let second = now.as_second();
        let week = Validity::of_seconds(second, second.saturating_add(WEEK));
        Self {
            issuer,
            this_update: now,
            next_update: week.until,
            number: second.unsigned_abs(),
            revoked: Vec::new(),
            point: None,
            key: None,
        }
    }

    /// Revokes the certificate with this serial number, since that moment.
    pub fn revoke(mut self, serial: &[u8], reason: RevocationReason, at: Timestamp) -> Self {
        self.revoked.push((serial.to_vec(), reason, at));
        self
    }

    /// Sets the number of the list, which grows from one to the next.
    pub fn number(mut self, number: u64) -> Self {
        self.number = number;
        self
    }

    /// Says when there will be a newer one: in the past, the list is stale.
    pub fn next_update(mut self, at: Timestamp) -> Self {
        self.next_update = at;
        self
    }

    /// Says where the list is published, and that it speaks for nothing else: the critical extension
    /// issuingDistributionPoint (RFC 5280, 5.2.5).
    pub fn distribution_point(mut self, url: impl Into<String>, scope: CrlScope) -> Self {
        self.point = Some((url.into(), scope));
        self
    }

    /// Signs with this key instead, in the authority's name and with its key identifier: nobody should
    /// believe it.
    pub fn signed_with(mut self, key: &Key) -> Self {
        self.key = Some(key.clone());
        self
    }

    /// Signs the list. Its authority key identifier is the one that the authority's certificate states,
    /// whoever made that and however.
    ///
    /// # Errors
    /// [`IssueError::ValidityEmpty`] if it is to be replaced before it is made,
    /// [`IssueError::ValidityOutOfRange`], and [`IssueError::Signing`] if the authority's key usage does
    /// not include cRLSign.
    pub fn issue(self) -> Result<Crl, IssueError> {
        let key = self.key.as_ref().unwrap_or_else(|| self.issuer.key());
        let certificate = self.issuer.certificate_der().into();
        let issuer = Issuer::from_ca_cert_der(&certificate, key.material())?;
        let der = self.params()?.signed_by(&issuer)?.der().to_vec();
        Ok(Crl { der })
    }

    fn params(&self) -> Result<CertificateRevocationListParams, IssueError> {
        let dates = Validity::between(self.this_update, self.next_update);
        let (this_update, next_update) = dates.to_dates()?;
        let revoked = self.revoked.iter();
        let revoked = revoked.map(|(serial, reason, at)| entry(serial, *reason, *at));
        let point = self.point.as_ref();
        Ok(CertificateRevocationListParams {
            this_update,
            next_update,
            crl_number: SerialNumber::from(self.number),
            issuing_distribution_point: point.map(|(url, scope)| distribution_point(url, *scope)),
            revoked_certs: revoked.collect::<Result<_, _>>()?,
            key_identifier_method: KeyIdMethod::PreSpecified(self.issuer.key_id().to_vec()),
        })
    }
}

fn entry(
    serial: &[u8],
    reason: RevocationReason,
    at: Timestamp,
) -> Result<RevokedCertParams, IssueError> {
    // The end of time is only there to make a validity of it.
    let (revocation_time, _) = Validity::between(at, Timestamp::MAX).to_dates()?;
    Ok(RevokedCertParams {
        serial_number: SerialNumber::from_slice(serial),
        revocation_time,
        reason_code: Some(reason.to_rcgen()),
        invalidity_date: None,
    })
}

fn distribution_point(url: &str, scope: CrlScope) -> CrlIssuingDistributionPoint {
    let uris = vec![url.to_owned()];
    CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint { uris },
        scope: match scope {
            CrlScope::All => None,
            CrlScope::Authorities => Some(rcgen::CrlScope::CaCertsOnly),
            CrlScope::Leaves => Some(rcgen::CrlScope::UserCertsOnly),
        },
    }
}

impl fmt::Debug for CrlRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrlRequest")
            .field("issuer", &self.issuer)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// A signed list of revoked certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
}

impl Crl {
    /// The list in PEM.
    pub fn pem(&self) -> String {
        pem::encode("X509 CRL", &self.der)
    }

    /// The list as bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

//! What does a revocation list change?

use super::expected::{Expected, Outcome};
use super::workshop::{Workshop, end, long_ago, start};
use super::{Made, Row};
use crate::crl::{CrlRequest, RevocationReason};
use crate::error::IssueError;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "crl-others-revoked",
        "a fresh list on which others stand",
        |workshop| {
            let other = workshop.client().common_name("catalogue-other").issue()?;
            let issued = workshop.billing().issue()?;
            let crl =
                fresh(workshop).revoke(&other.serial(), RevocationReason::KeyCompromise, start());
            Made::of(&issued).with_crl(&crl.issue()?, workshop)
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "crl-empty",
        "a fresh list on which nobody stands",
        |workshop| {
            let issued = workshop.billing().issue()?;
            Made::of(&issued).with_crl(&fresh(workshop).issue()?, workshop)
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "client-revoked",
        "the certificate stands on its issuer's list, its key compromised",
        |workshop| revoked(workshop, RevocationReason::KeyCompromise),
        Expected::refused(44, "certificate-revoked"),
    ),
    Row::new(
        "client-on-hold",
        "the certificate stands on its issuer's list, and may come back",
        |workshop| revoked(workshop, RevocationReason::CertificateHold),
        Expected::refused(44, "certificate-revoked"),
    ),
    Row::new(
        "crl-stale",
        "the list should have been replaced in 2001",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let crl = fresh(workshop).next_update(long_ago()).issue()?;
            Made::of(&issued).with_crl(&crl, workshop)
        },
        Expected::refused(48, "revocation-unknown").openssl(Outcome::Alert(45)),
    ),
    Row::new(
        "crl-of-wrong-key",
        "the list is signed by somebody else in the issuer's name",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let crl = fresh(workshop)
                .signed_with(workshop.stranger.key())
                .issue()?;
            Made::of(&issued).with_crl(&crl, workshop)
        },
        Expected::refused(48, "revocation-unknown").openssl(Outcome::Alert(51)),
    ),
    Row::new(
        "crl-of-another-issuer",
        "the only list is that of another authority",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let crl = workshop.stranger.crl(start()).next_update(end()).issue()?;
            Made::of(&issued).with_crl(&crl, workshop)
        },
        Expected::refused(48, "revocation-unknown"),
    ),
];

/// A list of the issuing CA that never grows old.
fn fresh(workshop: &Workshop) -> CrlRequest<'_> {
    workshop.issuing.crl(start()).next_update(end())
}

fn revoked(workshop: &Workshop, reason: RevocationReason) -> Result<Made, IssueError> {
    let issued = workshop.billing().issue()?;
    let crl = fresh(workshop).revoke(&issued.serial(), reason, long_ago());
    Made::of(&issued).with_crl(&crl.issue()?, workshop)
}

//! On which do verifiers disagree?

use super::expected::{Expected, OK, Outcome};
use super::workshop::{BILLING, always, end, long_ago, start};
use super::{Made, Row};
use crate::authority::Authority;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "client-cert-is-a-ca",
        "the certificate of a CA, presented as a leaf",
        |workshop| {
            let issuing = &workshop.issuing;
            Ok(Made::chain(issuing.certificate_pem(), issuing.key_pem()))
        },
        // OpenSSL misses digitalSignature, which a CA has no need of.
        Expected::refused(46, "certificate-unsuitable").openssl(Outcome::Alert(43)),
    ),
    Row::new(
        "anchor-expired",
        "the trusted root itself ended in 2001",
        |_| {
            let root = Authority::root_valid("Catalogue Old Root TEST ONLY", start(), long_ago())?;
            let issuing =
                root.intermediate_valid("Catalogue Old Issuing CA TEST ONLY", start(), end())?;
            let issued = always(issuing.client(start())).uri(BILLING).issue()?;
            Ok(Made::of(&issued).trusting(root.certificate_pem()))
        },
        Expected::refused(48, "certificate-untrusted")
            .openssl(Outcome::Alert(45))
            .pending("anchors are checked at load"),
    ),
    Row::new(
        "anchor-is-intermediate",
        "the trust anchor is the issuing CA, and the root is not trusted",
        |workshop| {
            let issued = workshop.billing().issue()?;
            Ok(Made::of(&issued).trusting(workshop.issuing.certificate_pem()))
        },
        // OpenSSL wants a root, unless told that part of a chain will do.
        Expected::ACCEPTED
            .openssl(Outcome::Alert(48))
            .nginx(Outcome::Answered(400)),
    ),
    Row::new(
        "anchor-is-leaf",
        "the trust anchor is the client's own certificate, which is not a CA's",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let leaf = issued.leaf_pem();
            Ok(Made::chain(leaf.clone(), issued.key_pem()).trusting(leaf))
        },
        Expected::refused(48, "certificate-untrusted").countersign(Outcome::NotLoaded),
    ),
    Row::new(
        "anchors-both-roots",
        "two roots are trusted, and the second vouches",
        |workshop| {
            let both = workshop.stranger.certificate_pem() + &workshop.root.certificate_pem();
            Ok(Made::of(&workshop.billing().issue()?).trusting(both))
        },
        Expected::ACCEPTED.openssl(OK),
    ),
];

//! Which must be refused in the handshake, by everybody?

use super::expected::{Expected, Outcome};
use super::workshop::{BILLING, Workshop, always, end, far_ahead, long_ago, start};
use super::{Made, Row};
use crate::authority::Authority;
use crate::error::IssueError;
use crate::request::Usage;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "no-certificate",
        "the client presents none",
        |_| Ok(Made::nothing()),
        Expected::refused(116, "certificate-required"),
    ),
    Row::new(
        "client-expired",
        "the certificate ended in 2001",
        |workshop| {
            Ok(Made::of(
                &workshop.billing().validity(start(), long_ago()).issue()?,
            ))
        },
        Expected::refused(45, "certificate-expired"),
    ),
    Row::new(
        "client-not-yet-valid",
        "the certificate begins in 2900",
        |workshop| {
            Ok(Made::of(
                &workshop.billing().validity(far_ahead(), end()).issue()?,
            ))
        },
        // OpenSSL has no better word for it than bad_certificate, and rustls says "expired".
        Expected::refused(45, "certificate-not-yet-valid").openssl(Outcome::Alert(42)),
    ),
    Row::new(
        "client-expired-intermediate",
        "the certificate of its issuer ended in 2001",
        |workshop| {
            let issuing = workshop.root.intermediate_valid(
                "Catalogue Expired CA TEST ONLY",
                start(),
                long_ago(),
            )?;
            billing_of(&issuing)
        },
        Expected::refused(45, "certificate-expired"),
    ),
    Row::new(
        "client-server-eku-only",
        "the extended key usage allows a server only",
        |workshop| {
            let request = workshop.billing().extended_key_usage(&[Usage::Server]);
            Ok(Made::of(&request.issue()?))
        },
        Expected::refused(43, "certificate-unsuitable"),
    ),
    Row::new(
        "client-missing-intermediate",
        "the leaf is sent alone",
        |workshop| {
            let issued = workshop.billing().issue()?;
            Ok(Made::chain(issued.leaf_pem(), issued.key_pem()))
        },
        Expected::refused(48, "certificate-untrusted"),
    ),
    Row::new(
        "client-wrong-intermediate",
        "the leaf is sent with an intermediate that did not issue it",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let other =
                workshop
                    .root
                    .intermediate_valid("Catalogue Other CA TEST ONLY", start(), end())?;
            let chain = issued.leaf_pem() + &other.certificate_pem();
            Ok(Made::chain(chain, issued.key_pem()))
        },
        Expected::refused(48, "certificate-untrusted"),
    ),
    Row::new(
        "client-untrusted-ca",
        "the right name, from a CA that nobody trusts",
        |workshop| billing_of(&workshop.stranger),
        Expected::refused(48, "certificate-untrusted"),
    ),
    Row::new(
        "client-same-name-ca",
        "a CA with the names of the trusted ones, and other keys",
        |_| {
            let impostor = Workshop::open()?;
            Ok(Made::of(&impostor.billing().issue()?))
        },
        Expected::refused(51, "certificate-untrusted").openssl(Outcome::Alert(48)),
    ),
    Row::new(
        "client-same-name-intermediate",
        "an issuing CA with the name of the real one, certified by nobody",
        |workshop| {
            let impostor = Workshop::open()?;
            let issued = impostor.billing().issue()?;
            let chain = issued.leaf_pem() + &workshop.issuing.certificate_pem();
            Ok(Made::chain(chain, issued.key_pem()))
        },
        // OpenSSL looks at the key identifiers first, and finds no issuer.
        Expected::refused(51, "certificate-untrusted").openssl(Outcome::Alert(48)),
    ),
    Row::new(
        "client-key-mismatch",
        "the key of another certificate: possession is not proven",
        |workshop| {
            let (mine, other) = (workshop.billing().issue()?, workshop.billing().issue()?);
            Ok(Made::chain(mine.chain_pem(), other.key_pem()))
        },
        // nginx tolerates a bad certificate in the handshake, and not a bad signature.
        Expected::refused(51, "certificate-untrusted").nginx(Outcome::Alert(51)),
    ),
];

fn billing_of(issuer: &Authority) -> Result<Made, IssueError> {
    let issued = always(issuer.client(start())).uri(BILLING).issue()?;
    Ok(Made::of(&issued))
}

//! Which must be refused in the handshake, by everybody?

use super::expected::{Expected, Outcome};
use super::workshop::{BILLING, Workshop, always, billing_of, end, far_ahead, long_ago, start};
use super::{Made, Row};
use crate::authority::Authority;
use crate::constraints::{NameConstraints, Subtree};
use crate::error::IssueError;
use crate::extension::Extension;
use crate::forge::Digest;
use crate::request::Request;
use crate::usage::{BasicConstraints, Usage};

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
            Ok(Made::of(&billing_of(&issuing).issue()?))
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
        |workshop| Ok(Made::of(&billing_of(&workshop.stranger).issue()?)),
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
        "client-self-signed",
        "the certificate vouches for itself",
        |_| {
            let request = Request::self_signed(Usage::Client, start());
            Ok(Made::of(
                &always(request)
                    .common_name("billing")
                    .uri(BILLING)
                    .issue()?,
            ))
        },
        Expected::refused(48, "certificate-untrusted"),
    ),
    Row::new(
        "client-broken-signature",
        "one bit of the signature on the leaf is wrong",
        |workshop| {
            let issued = workshop.billing().issue()?;
            Ok(Made::of(&issued.forge()?.break_signature()))
        },
        Expected::refused(51, "certificate-untrusted"),
    ),
    Row::new(
        "client-issued-by-leaf",
        "a client that plays CA: issued by a certificate that is no CA's",
        |workshop| {
            let leaf = workshop
                .client()
                .common_name("Catalogue Leaf TEST ONLY")
                .issue()?;
            Ok(Made::of(&billing_of(&leaf.as_authority()?).issue()?))
        },
        Expected::refused(46, "certificate-untrusted").openssl(Outcome::Alert(48)),
    ),
    Row::new(
        "client-inter-no-basic-constraints",
        "an intermediate that does not say that it is a CA",
        |workshop| {
            below(workshop, |request| {
                request.basic_constraints(BasicConstraints::Absent)
            })
        },
        Expected::refused(46, "certificate-untrusted").openssl(Outcome::Alert(48)),
    ),
    Row::new(
        "client-inter-server-eku",
        "an intermediate that may issue for servers only",
        |workshop| {
            below(workshop, |request| {
                request.extended_key_usage(&[Usage::Server])
            })
        },
        Expected::refused(43, "certificate-unsuitable"),
    ),
    Row::new(
        "client-path-length",
        "an authority below one that may have none below it",
        |workshop| {
            let name = "Catalogue Too Deep CA TEST ONLY";
            let deep = always(workshop.issuing.intermediate_request(name, start()));
            Ok(Made::of(&billing_of(&deep.issue_authority()?).issue()?))
        },
        Expected::refused(46, "certificate-untrusted").openssl(Outcome::Alert(48)),
    ),
    Row::new(
        "client-name-constraint-dns",
        "a host name outside of what its issuer may vouch for",
        |workshop| {
            let issuing = constrained(workshop, Subtree::Dns("partner.example".to_owned()))?;
            let request = billing_of(&issuing).dns("api.catalogue.example");
            Ok(Made::of(&request.issue()?))
        },
        Expected::refused(46, "certificate-untrusted"),
    ),
    Row::new(
        "client-unknown-critical-extension",
        "a critical extension that nobody knows",
        |workshop| {
            let extension = Extension::new(&[1, 3, 6, 1, 4, 1, 55555, 1], [0x05, 0x00]);
            let request = workshop.billing().extension(extension.critical());
            Ok(Made::of(&request.issue()?))
        },
        Expected::refused(46, "certificate-unsuitable").openssl(Outcome::Alert(46)),
    ),
    Row::new(
        "client-sha1-signature",
        "the leaf is signed over SHA-1",
        |workshop| signed_over(workshop, Digest::Sha1),
        Expected::refused(51, "certificate-unsuitable").openssl(Outcome::Alert(42)),
    ),
    Row::new(
        "client-md5-signature",
        "the leaf says that it is signed with RSA over MD5",
        |workshop| signed_over(workshop, Digest::Md5),
        // Its issuer's key is none of RSA, so for OpenSSL it has another issuer.
        Expected::refused(51, "certificate-unsuitable").openssl(Outcome::Alert(48)),
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

/// Issued by an authority below the root that is as it should be, but for what `change` does.
fn below(
    workshop: &Workshop,
    change: impl FnOnce(Request<'_>) -> Request<'_>,
) -> Result<Made, IssueError> {
    let name = "Catalogue Odd CA TEST ONLY";
    let odd = change(always(workshop.root.intermediate_request(name, start())));
    Ok(Made::of(&billing_of(&odd.issue_authority()?).issue()?))
}

fn signed_over(workshop: &Workshop, digest: Digest) -> Result<Made, IssueError> {
    let issued = workshop.billing().issue()?;
    let forged = issued.forge()?.sign_over(digest, workshop.issuing.key())?;
    Ok(Made::of(&forged))
}

/// An authority that may vouch for the names of one tree only.
pub(super) fn constrained(workshop: &Workshop, tree: Subtree) -> Result<Authority, IssueError> {
    let name = "Catalogue Partner CA TEST ONLY";
    always(workshop.root.intermediate_request(name, start()))
        .name_constraints(NameConstraints::new().permit(tree))
        .issue_authority()
}

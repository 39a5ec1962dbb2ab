//! On which do verifiers disagree?

use super::expected::{Expected, OK, Outcome};
use super::refused::constrained;
use super::workshop::{BILLING, Workshop, always, billing_of, end, line, long_ago, start};
use super::{Made, Row};
use crate::authority::Authority;
use crate::constraints::Subtree;
use crate::error::IssueError;
use crate::forge::Digest;
use crate::request::Request;
use crate::usage::{BasicConstraints, KeyUsage, Usage};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "client-cert-is-a-ca",
        "a certificate that is a CA's too, presented as a leaf",
        |workshop| {
            let usage = [KeyUsage::DigitalSignature, KeyUsage::KeyCertSign];
            let request = workshop.billing().key_usage(&usage);
            let request = request.basic_constraints(BasicConstraints::AuthorityAbove(0));
            Ok(Made::of(&request.issue()?))
        },
        Expected::refused(46, "certificate-unsuitable")
            .openssl(OK)
            .nginx(OK),
    ),
    Row::new(
        "client-issuing-ca-as-leaf",
        "the certificate of the issuing CA, presented as a leaf",
        |workshop| {
            let issuing = &workshop.issuing;
            Ok(Made::chain(issuing.certificate_pem(), issuing.key_pem()))
        },
        // OpenSSL misses digitalSignature, which a CA has no need of.
        Expected::refused(46, "certificate-unsuitable").openssl(Outcome::Alert(43)),
    ),
    Row::new(
        "client-any-eku",
        "the extended key usage is anyExtendedKeyUsage, which Go takes and these do not",
        |workshop| {
            Ok(Made::of(
                &workshop
                    .billing()
                    .extended_key_usage(&[Usage::Any])
                    .issue()?,
            ))
        },
        Expected::refused(43, "certificate-unsuitable"),
    ),
    Row::new(
        "client-no-digital-signature",
        "the key usage of the leaf does not allow it to sign",
        |workshop| {
            let request = workshop.billing().key_usage(&[KeyUsage::KeyEncipherment]);
            Ok(Made::of(&request.issue()?))
        },
        Expected::refused(43, "certificate-unsuitable"),
    ),
    Row::new(
        "client-inter-no-cert-sign",
        "an intermediate that may not sign certificates",
        |workshop| {
            let name = "Catalogue Odd CA TEST ONLY";
            let odd = always(workshop.root.intermediate_request(name, start()));
            let odd = odd.key_usage(&[KeyUsage::CrlSign]).issue_authority()?;
            Ok(Made::of(&billing_of(&odd).issue()?))
        },
        Expected::refused(48, "certificate-untrusted"),
    ),
    Row::new(
        "client-constraint-escaped-by-cn",
        "a constraint on host names, and a forbidden one in the common name",
        |workshop| {
            let issuing = constrained(workshop, Subtree::Dns("partner.example".to_owned()))?;
            let request = always(issuing.client(start())).common_name("admin.internal");
            Ok(Made::of(&request.issue()?))
        },
        // Constraints do not bind a common name: the trust's own rules do.
        Expected::above(super::Stage::Identity, "identity-not-allowed")
            .openssl(Outcome::Alert(46))
            .nginx(Outcome::Answered(400)),
    )
    .by("cn"),
    Row::new(
        "client-constraint-escaped-by-uri",
        "a constraint on host names, and a foreign SPIFFE ID, which it does not bind",
        |workshop| {
            let issuing = constrained(workshop, Subtree::Dns("partner.example".to_owned()))?;
            let request = always(issuing.client(start())).uri("spiffe://internal.example/admin");
            Ok(Made::of(&request.issue()?))
        },
        Expected::above(super::Stage::Identity, "identity-not-allowed"),
    ),
    Row::new(
        "client-constraint-uri",
        "a constraint on URIs that allows the name: rustls reads no such constraint, and refuses",
        |workshop| {
            let issuing = constrained(workshop, Subtree::Uri("catalogue.example".to_owned()))?;
            Ok(Made::of(&billing_of(&issuing).issue()?))
        },
        Expected::refused(46, "certificate-untrusted")
            .openssl(OK)
            .nginx(OK),
    ),
    Row::new(
        "client-8-intermediates",
        "more authorities than rustls follows",
        |_| {
            let (root, last) = line(8)?;
            Ok(Made::of(&billing_of(&last).issue()?).trusting(root.certificate_pem()))
        },
        Expected::refused(46, "certificate-untrusted")
            .openssl(OK)
            .nginx(OK),
    ),
    Row::new(
        "client-wrong-key-id",
        "the authority key identifier names another key than the one that signed",
        |workshop| {
            let request = workshop.billing().authority_key_id(&[7; 20]);
            Ok(Made::of(&request.issue()?))
        },
        Expected::ACCEPTED
            .openssl(Outcome::Alert(48))
            .nginx(Outcome::Answered(400)),
    ),
    Row::new(
        "client-v1",
        "an X.509 v1 certificate: no extensions, and so fit for anything",
        |workshop| {
            let issued = workshop.client().common_name("catalogue-billing").issue()?;
            Ok(Made::of(
                &issued.forge()?.version_1().sign(workshop.issuing.key())?,
            ))
        },
        Expected::refused(46, "certificate-unsuitable")
            .openssl(OK)
            .nginx(OK),
    )
    .by("cn"),
    Row::new(
        "client-serial-zero",
        "the serial number is 0",
        |workshop| Ok(Made::of(&workshop.billing().serial(&[0]).issue()?)),
        Expected::ACCEPTED,
    ),
    Row::new(
        "client-serial-24-bytes",
        "the serial number is longer than the 20 bytes that are allowed",
        |workshop| Ok(Made::of(&workshop.billing().serial(&[0x55; 24]).issue()?)),
        Expected::ACCEPTED,
    ),
    Row::new(
        "client-sha224-signature",
        "the leaf is signed over SHA-224",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let forged = issued
                .forge()?
                .sign_over(Digest::Sha224, workshop.issuing.key())?;
            Ok(Made::of(&forged))
        },
        Expected::refused(51, "certificate-unsuitable")
            .openssl(OK)
            .nginx(OK),
    ),
    Row::new(
        "rollover-new-path-first",
        "both paths are sent, the new one first, and the old root is trusted",
        |workshop| rolled_over(workshop, true),
        Expected::ACCEPTED
            .openssl(Outcome::Alert(48))
            .nginx(Outcome::Answered(400)),
    ),
    Row::new(
        "rollover-old-path-first",
        "both paths are sent, the old one first, and the old root is trusted",
        |workshop| rolled_over(workshop, false),
        Expected::ACCEPTED,
    ),
    Row::new(
        "anchor-expired",
        "the trusted root itself ended in 2001",
        |_| under(|root| root.validity(start(), long_ago())),
        Expected::refused(48, "certificate-untrusted")
            .openssl(Outcome::Alert(45))
            .countersign(Outcome::NotLoaded),
    ),
    Row::new(
        "anchor-path-length",
        "the trusted root may have no authority below it, and has one",
        |_| under(|root| root.basic_constraints(BasicConstraints::AuthorityAbove(0))),
        Expected::refused(48, "certificate-untrusted"),
    ),
    Row::new(
        "anchor-no-cert-sign",
        "the trusted root may not sign certificates",
        |_| under(|root| root.key_usage(&[KeyUsage::CrlSign])),
        Expected::refused(48, "certificate-untrusted").countersign(Outcome::NotLoaded),
    ),
    Row::new(
        "anchor-server-eku",
        "the trusted root may issue for servers only",
        |_| under(|root| root.extended_key_usage(&[Usage::Server])),
        Expected::refused(43, "certificate-untrusted").countersign(Outcome::NotLoaded),
    ),
    Row::new(
        "anchor-not-a-ca",
        "the trusted root says that it is no CA",
        |_| under(|root| root.basic_constraints(BasicConstraints::Leaf)),
        Expected::refused(48, "certificate-untrusted").countersign(Outcome::NotLoaded),
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
        "anchors-two-roots",
        "two roots are trusted, and the second vouches",
        |workshop| {
            let both = workshop.stranger.certificate_pem() + &workshop.root.certificate_pem();
            Ok(Made::of(&workshop.billing().issue()?).trusting(both))
        },
        Expected::ACCEPTED,
    ),
];

/// Issued below a new root that is as it should be, but for what `change` does, and is trusted.
fn under(change: impl FnOnce(Request<'_>) -> Request<'_>) -> Result<Made, IssueError> {
    let name = "Catalogue Odd Root TEST ONLY";
    let root = change(always(Authority::root_request(name, start()))).issue_authority()?;
    let name = "Catalogue Below Odd CA TEST ONLY";
    let issuing = always(root.intermediate_request(name, start())).issue_authority()?;
    Ok(Made::of(&billing_of(&issuing).issue()?).trusting(root.certificate_pem()))
}

/// An issuing CA that two roots have certified; the leaf is sent with both certificates of it.
fn rolled_over(workshop: &Workshop, new_first: bool) -> Result<Made, IssueError> {
    let new = Authority::root_valid("Catalogue New Root TEST ONLY", start(), end())?;
    let old_path = workshop.intermediate("Catalogue Rolled Over CA TEST ONLY")?;
    let new_path = always(new.cross_request(&old_path, start())).issue_authority()?;
    let issued = always(old_path.client(start())).uri(BILLING).issue()?;
    let (old_path, new_path) = (old_path.certificate_der(), new_path.certificate_der());
    let above = if new_first {
        [new_path, old_path]
    } else {
        [old_path, new_path]
    };
    Ok(Made::of(&issued.sent_with(above)))
}

//! Which must be accepted, by everybody?

use super::expected::Expected;
use super::workshop::{Workshop, always, billing_of, end, line, start};
use super::{Made, Row};
use crate::authority::Authority;
use crate::error::IssueError;
use crate::key::KeyKind;
use crate::usage::{BasicConstraints, Usage};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "ok-spiffe",
        "a SPIFFE ID, an empty subject, critical subject alternative names",
        |workshop| Ok(Made::of(&workshop.billing().issue()?)),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-cn",
        "a common name and nothing else",
        |workshop| {
            Ok(Made::of(
                &workshop.client().common_name("catalogue-billing").issue()?,
            ))
        },
        Expected::ACCEPTED,
    )
    .by("cn"),
    Row::new(
        "ok-utf8-cn",
        "a common name that is not ASCII",
        |workshop| {
            Ok(Made::of(
                &workshop.client().common_name("catalogue-büro").issue()?,
            ))
        },
        Expected::ACCEPTED,
    )
    .by("cn"),
    Row::new(
        "ok-email",
        "an e-mail address",
        |workshop| {
            let request = workshop.client().email("billing@catalogue.example");
            Ok(Made::of(&request.issue()?))
        },
        Expected::ACCEPTED,
    )
    .by("email"),
    Row::new(
        "ok-dns",
        "a host name",
        |workshop| {
            let request = workshop.client().dns("billing.catalogue.example");
            Ok(Made::of(&request.issue()?))
        },
        Expected::ACCEPTED,
    )
    .by("dns"),
    Row::new(
        "ok-spiffe-and-dns",
        "a SPIFFE ID beside host names, which identify nobody here",
        |workshop| {
            let request = workshop
                .billing()
                .dns("a.catalogue.example")
                .dns("b.catalogue.example");
            Ok(Made::of(&request.issue()?))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-no-eku",
        "no extended key usage: fit for any purpose",
        |workshop| {
            Ok(Made::of(
                &workshop.billing().extended_key_usage(&[]).issue()?,
            ))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-p384",
        "a P-384 key",
        |workshop| keyed(workshop, KeyKind::P384),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-p521",
        "a P-521 key",
        |workshop| keyed(workshop, KeyKind::P521),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-ed25519",
        "an Ed25519 key",
        |workshop| keyed(workshop, KeyKind::Ed25519),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-rsa2048",
        "an RSA key of 2048 bits",
        |workshop| keyed(workshop, KeyKind::Rsa2048),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-rsa3072",
        "an RSA key of 3072 bits",
        |workshop| keyed(workshop, KeyKind::Rsa3072),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-client-and-server",
        "the extended key usage allows a server too",
        |workshop| {
            let request = workshop.billing();
            let request = request.extended_key_usage(&[Usage::Server, Usage::Client]);
            Ok(Made::of(&request.issue()?))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-3-intermediates",
        "three authorities between the leaf and the root",
        |_| {
            let (root, last) = line(3)?;
            Ok(Made::of(&billing_of(&last).issue()?).trusting(root.certificate_pem()))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-3-intermediates-reversed",
        "three authorities, the one nearest to the root sent first",
        |_| {
            let (root, last) = line(3)?;
            let issued = billing_of(&last).issue()?;
            let above = issued
                .chain_der()
                .into_iter()
                .skip(1)
                .rev()
                .collect::<Vec<_>>();
            Ok(Made::of(&issued.sent_with(above)).trusting(root.certificate_pem()))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-issued-by-root",
        "no authority between the leaf and the root",
        |workshop| Ok(Made::of(&billing_of(&workshop.root).issue()?)),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-600-sans",
        "600 host names beside the SPIFFE ID",
        |workshop| many_names(workshop, 600),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-2000-sans",
        "2000 host names beside the SPIFFE ID: a leaf of 50 kB",
        |workshop| many_names(workshop, 2000),
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-chain-with-root",
        "the root is sent too",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let chain = issued.chain_pem() + &workshop.root.certificate_pem();
            Ok(Made::chain(chain, issued.key_pem()))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-chain-unordered",
        "the root is sent before the intermediate",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let chain = issued.leaf_pem()
                + &workshop.root.certificate_pem()
                + &workshop.issuing.certificate_pem();
            Ok(Made::chain(chain, issued.key_pem()))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-chain-duplicate",
        "the intermediate is sent twice",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let chain = issued.chain_pem() + &workshop.issuing.certificate_pem();
            Ok(Made::chain(chain, issued.key_pem()))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "ok-chain-with-unrelated",
        "a certificate that has nothing to do with it is sent between",
        |workshop| {
            let issued = workshop.billing().issue()?;
            let chain = issued.leaf_pem()
                + &workshop.stranger.certificate_pem()
                + &workshop.issuing.certificate_pem();
            Ok(Made::chain(chain, issued.key_pem()))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "renewed-new-key",
        "the same name, another key and another serial number: the same caller",
        |workshop| {
            workshop.billing().issue()?;
            Ok(Made::of(&workshop.billing().issue()?))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "renewed-same-key",
        "the same name and key, another serial number: the same caller",
        |workshop| {
            let before = workshop.billing().issue()?;
            Ok(Made::of(&workshop.billing().for_key(before.key()).issue()?))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "renewed-new-issuer",
        "the same name from another issuing CA of the same root: the same caller",
        |workshop| {
            let issuing = workshop.intermediate("Catalogue Issuing CA 2 TEST ONLY")?;
            Ok(Made::of(&billing_of(&issuing).issue()?))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "renewed-new-subject",
        "the same SPIFFE ID beside another subject: the same caller",
        |workshop| {
            let request = workshop.billing().common_name("billing, 2nd floor");
            Ok(Made::of(&request.issue()?))
        },
        Expected::ACCEPTED,
    ),
    Row::new(
        "rollover-crossed",
        "issued under a new root, sent with its cross-certificate by the old one, which is trusted",
        |workshop| {
            let new = Authority::root_valid("Catalogue New Root TEST ONLY", start(), end())?;
            let crossed = always(workshop.root.cross_request(&new, start()))
                .basic_constraints(BasicConstraints::AuthorityAbove(0))
                .issue_authority()?;
            Ok(Made::of(&billing_of(&crossed).issue()?))
        },
        Expected::ACCEPTED,
    ),
];

fn keyed(workshop: &Workshop, kind: KeyKind) -> Result<Made, IssueError> {
    Ok(Made::of(&workshop.billing().key(kind).issue()?))
}

fn many_names(workshop: &Workshop, count: usize) -> Result<Made, IssueError> {
    let named = (0..count).fold(workshop.billing(), |request, number| {
        request.dns(format!("host-{number}.catalogue.example"))
    });
    Ok(Made::of(&named.issue()?))
}

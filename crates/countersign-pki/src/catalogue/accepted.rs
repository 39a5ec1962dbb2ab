//! Which must be accepted, by everybody?

use super::expected::Expected;
use super::workshop::BILLING;
use super::{Made, Row};

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
            Ok(Made::of(&workshop.client().uri(BILLING).issue()?))
        },
        Expected::ACCEPTED,
    ),
];

fn many_names(workshop: &super::Workshop, count: usize) -> Result<Made, crate::error::IssueError> {
    let named = (0..count).fold(workshop.billing(), |request, number| {
        request.dns(format!("host-{number}.catalogue.example"))
    });
    Ok(Made::of(&named.issue()?))
}

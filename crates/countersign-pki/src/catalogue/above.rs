//! Which are accepted by TLS everywhere, and must be refused above it?

use super::expected::{Expected, Stage};
use super::workshop::BILLING;
use super::{Made, Row};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "client-two-spiffe",
        "two SPIFFE IDs, the first of them known",
        |workshop| {
            let request = workshop.billing().uri("spiffe://catalogue.example/admin");
            Ok(Made::of(&request.issue()?))
        },
        Expected::above(Stage::Identity, "identity-ambiguous"),
    ),
    Row::new(
        "client-dup-uri",
        "the same SPIFFE ID twice",
        |workshop| Ok(Made::of(&workshop.billing().uri(BILLING).issue()?)),
        Expected::above(Stage::Identity, "identity-ambiguous"),
    ),
    Row::new(
        "client-spiffe-and-uri",
        "a SPIFFE ID beside another URI",
        |workshop| {
            let request = workshop.billing().uri("https://catalogue.example/");
            Ok(Made::of(&request.issue()?))
        },
        Expected::above(Stage::Identity, "identity-ambiguous"),
    ),
    Row::new(
        "client-spiffe-foreign-domain",
        "a SPIFFE ID of a trust domain for which the trust may not vouch",
        |workshop| named(workshop, "spiffe://other.example/ns/payments/sa/billing"),
        Expected::above(Stage::Identity, "identity-not-allowed"),
    ),
    Row::new(
        "client-spiffe-domain-prefix",
        "a trust domain that begins with ours",
        |workshop| {
            named(
                workshop,
                "spiffe://catalogue.example.evil/ns/payments/sa/billing",
            )
        },
        Expected::above(Stage::Identity, "identity-not-allowed"),
    ),
    Row::new(
        "client-spiffe-no-path",
        "a trust domain without a path: no workload",
        |workshop| named(workshop, "spiffe://catalogue.example"),
        Expected::above(Stage::Identity, "identity-malformed"),
    ),
    Row::new(
        "client-spiffe-uppercase",
        "a trust domain in upper case",
        |workshop| {
            named(
                workshop,
                "spiffe://Catalogue.Example/ns/payments/sa/billing",
            )
        },
        Expected::above(Stage::Identity, "identity-malformed"),
    ),
    Row::new(
        "client-spiffe-dot-segment",
        "a path with `..` in it",
        |workshop| {
            named(
                workshop,
                "spiffe://catalogue.example/ns/x/../payments/sa/billing",
            )
        },
        Expected::above(Stage::Identity, "identity-malformed"),
    ),
    Row::new(
        "client-spiffe-trailing-slash",
        "a path that ends in a slash",
        |workshop| {
            named(
                workshop,
                "spiffe://catalogue.example/ns/payments/sa/billing/",
            )
        },
        Expected::above(Stage::Identity, "identity-malformed"),
    ),
    Row::new(
        "client-spiffe-percent",
        "a path with a percent-encoded letter",
        |workshop| {
            named(
                workshop,
                "spiffe://catalogue.example/ns/payments/sa/%62illing",
            )
        },
        Expected::above(Stage::Identity, "identity-malformed"),
    ),
    Row::new(
        "client-spiffe-port",
        "a trust domain with a port",
        |workshop| {
            named(
                workshop,
                "spiffe://catalogue.example:443/ns/payments/sa/billing",
            )
        },
        Expected::above(Stage::Identity, "identity-malformed"),
    ),
    Row::new(
        "client-https-uri",
        "a URI that is no SPIFFE ID",
        |workshop| named(workshop, "https://catalogue.example/ns/payments/sa/billing"),
        Expected::above(Stage::Identity, "identity-malformed"),
    ),
    Row::new(
        "client-no-identity",
        "an empty subject and no subject alternative name",
        |workshop| Ok(Made::of(&workshop.client().issue()?)),
        Expected::above(Stage::Identity, "identity-missing"),
    ),
    Row::new(
        "client-email-only",
        "an e-mail address where a SPIFFE ID identifies",
        |workshop| {
            let request = workshop.client().email("billing@catalogue.example");
            Ok(Made::of(&request.issue()?))
        },
        Expected::above(Stage::Identity, "identity-missing"),
    ),
    Row::new(
        "client-cn-only",
        "a common name where a SPIFFE ID identifies",
        |workshop| {
            Ok(Made::of(
                &workshop.client().common_name("catalogue-billing").issue()?,
            ))
        },
        Expected::above(Stage::Identity, "identity-missing"),
    ),
    Row::new(
        "client-cn-newline",
        "a common name with a line break and a forged header in it",
        |workshop| {
            let name = "catalogue-billing\nX-Client-CN: root";
            Ok(Made::of(&workshop.client().common_name(name).issue()?))
        },
        Expected::above(Stage::Identity, "identity-malformed"),
    )
    .by("cn"),
    Row::new(
        "client-cn-nul",
        "a common name with a NUL in it",
        |workshop| {
            let name = "catalogue-billing\0.evil";
            Ok(Made::of(&workshop.client().common_name(name).issue()?))
        },
        Expected::above(Stage::Identity, "identity-malformed"),
    )
    .by("cn"),
    Row::new(
        "client-cn-comma",
        "a common name that looks like two attributes: it is compared whole, and is nobody",
        |workshop| {
            let name = "catalogue-admin,O=Evil,CN=catalogue-billing";
            Ok(Made::of(&workshop.client().common_name(name).issue()?))
        },
        Expected::above(Stage::Policy, "principal-unknown"),
    )
    .by("cn"),
    Row::new(
        "client-cn-foreign",
        "a common name for which the trust may not vouch",
        |workshop| Ok(Made::of(&workshop.client().common_name("admin").issue()?)),
        Expected::above(Stage::Identity, "identity-not-allowed"),
    )
    .by("cn"),
    Row::new(
        "client-two-dns",
        "two host names where one identifies",
        |workshop| {
            let request = workshop.client().dns("billing.catalogue.example");
            Ok(Made::of(&request.dns("admin.catalogue.example").issue()?))
        },
        Expected::above(Stage::Identity, "identity-ambiguous"),
    )
    .by("dns"),
    Row::new(
        "client-dns-wildcard",
        "a wildcard where a host name identifies",
        |workshop| {
            Ok(Made::of(
                &workshop.client().dns("*.catalogue.example").issue()?,
            ))
        },
        Expected::above(Stage::Identity, "identity-malformed"),
    )
    .by("dns"),
    Row::new(
        "client-unmapped",
        "valid, well named, and nobody that the policy knows",
        |workshop| named(workshop, "spiffe://catalogue.example/newcomer"),
        Expected::above(Stage::Policy, "principal-unknown"),
    ),
    Row::new(
        "client-wrong-role",
        "known, and without the permission",
        |workshop| named(workshop, "spiffe://catalogue.example/reports"),
        Expected::above(Stage::Policy, "permission-missing"),
    ),
    Row::new(
        "client-disabled",
        "known, and switched off",
        |workshop| named(workshop, "spiffe://catalogue.example/former"),
        Expected::above(Stage::Policy, "principal-disabled"),
    ),
];

fn named(workshop: &super::Workshop, uri: &str) -> Result<Made, crate::error::IssueError> {
    Ok(Made::of(&workshop.client().uri(uri).issue()?))
}

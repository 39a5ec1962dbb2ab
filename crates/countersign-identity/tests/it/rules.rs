use countersign_identity::{Identity, IdentityError, NameRules, Scheme, TrustName};
use countersign_pki::Request;

use crate::{client, read};

fn partners() -> TrustName {
    TrustName::new("partners").unwrap()
}

/// What the trust `partners`, of this scheme and these patterns, makes of a certificate.
fn identify(
    scheme: Scheme,
    patterns: &[&str],
    ask: impl FnOnce(Request<'_>) -> Request<'_>,
) -> Result<Identity, IdentityError> {
    let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap());
    let rules = NameRules::new(scheme, patterns);
    Identity::of(&read(&client(ask)), &partners(), &rules)
}

fn not_allowed(name: &str) -> Result<Identity, IdentityError> {
    Err(IdentityError::NotAllowed {
        trust: partners(),
        name: name.parse().unwrap(),
    })
}

#[test]
fn a_name_within_the_rules_is_an_identity_of_that_trust() {
    let identity = identify(Scheme::Dns, &["dns:*.partner.example"], |client| {
        client.dns("API.partner.example")
    });
    let wanted = Identity::new(partners(), "dns:api.partner.example".parse().unwrap());
    assert_eq!(identity, Ok(wanted.clone()));
    assert_eq!(wanted.to_string(), "partners: dns:api.partner.example");
}

#[test]
fn a_trust_for_one_domain_mints_no_name_of_another_kind() {
    let rules = ["dns:partner.example"];
    for scheme in [
        Scheme::Spiffe,
        Scheme::CommonName,
        Scheme::Email,
        Scheme::Uri,
    ] {
        // Whatever kind the trust reads, the only name that it may vouch for is a host's.
        let minted = identify(scheme, &rules, |client| {
            client
                .common_name("partner.example")
                .uri("spiffe://partner.example/admin")
                .email("admin@partner.example")
                .dns("partner.example")
        });
        assert!(
            matches!(minted, Err(IdentityError::NotAllowed { .. })),
            "{scheme} {minted:?}"
        );
    }
    assert_eq!(
        identify(Scheme::CommonName, &rules, |client| client
            .common_name("admin")
            .dns("partner.example")),
        not_allowed("cn:admin")
    );
    assert_eq!(
        identify(Scheme::Spiffe, &rules, |client| client
            .uri("spiffe://internal.example/admin")),
        not_allowed("spiffe://internal.example/admin")
    );
}

#[test]
fn a_name_outside_the_patterns_is_not_allowed() {
    let patterns = ["spiffe://partner.example/*", "spiffe://other.example/one"];
    for name in [
        "spiffe://partner.example.evil/billing",
        "spiffe://internal.example/admin",
        "spiffe://other.example/two",
        "spiffe://other.example/one/more",
    ] {
        assert_eq!(
            identify(Scheme::Spiffe, &patterns, |client| client.uri(name)),
            not_allowed(name)
        );
    }
    for name in ["spiffe://partner.example/a/b", "spiffe://other.example/one"] {
        assert!(identify(Scheme::Spiffe, &patterns, |client| client.uri(name)).is_ok());
    }
}

#[test]
fn no_pattern_allows_no_name() {
    assert_eq!(
        identify(Scheme::Spiffe, &[], |client| client
            .uri("spiffe://partner.example/billing")),
        not_allowed("spiffe://partner.example/billing")
    );
}

#[test]
fn a_certificate_without_exactly_one_name_is_refused_before_the_rules() {
    let patterns = ["spiffe://partner.example/*"];
    assert_eq!(
        identify(Scheme::Spiffe, &patterns, |client| client
            .uri("spiffe://partner.example/a")
            .uri("spiffe://internal.example/admin")),
        Err(IdentityError::Ambiguous {
            scheme: Scheme::Spiffe,
            count: 2
        })
    );
}

#[test]
fn one_name_under_two_trusts_is_two_identities() {
    let name = || "spiffe://partner.example/a".parse().unwrap();
    assert_ne!(
        Identity::new("partners".parse().unwrap(), name()),
        Identity::new("clients".parse().unwrap(), name())
    );
}

#[test]
fn the_name_of_a_trust_is_a_plain_word() {
    for name in [
        "",
        "Partners",
        "part ners",
        "9lives",
        "-a",
        "a_b",
        "a\n",
        &"a".repeat(64),
    ] {
        let error = TrustName::new(name).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "`{}` is malformed: wanted lower-case letters, digits and dashes, beginning with a letter",
                name.escape_debug()
            )
        );
    }
    assert!(TrustName::new("a".repeat(63)).is_ok());
}

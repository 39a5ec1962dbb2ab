//! Which certificates of the catalogue name somebody, and with which code are the others refused?

use std::sync::LazyLock;

use countersign_identity::{
    Certificate, Identity, IdentityError, NameRules, Psd2, Psd2Role, Scheme,
};
use countersign_pki::{Catalogue, Fixture, Side, Stage};

use crate::first_der;

fn identify(fixture: &Fixture, certificate: &Certificate) -> Result<Identity, IdentityError> {
    let names = [
        "spiffe://catalogue.example/*",
        "dns:*.catalogue.example",
        "email:*@catalogue.example",
        "cn:catalogue-*",
    ];
    let scheme: Scheme = fixture.scheme.parse().unwrap();
    let rules = NameRules::new(scheme, names.map(|pattern| pattern.parse().unwrap()));
    Identity::of(certificate, &"catalogue".parse().unwrap(), &rules)
}

/// The clients' certificates of the catalogue that are judged at this stage.
fn judged_at(stage: Stage) -> Vec<(&'static Fixture, Certificate)> {
    let fixtures = ALL.iter();
    let fixtures = fixtures.filter(|fixture| fixture.expected.stage == stage);
    let read = |fixture: &'static Fixture| {
        let der = first_der(&fixture.presented.as_ref()?.chain_pem);
        Some((fixture, Certificate::from_der(&der).unwrap()))
    };
    let judged: Vec<_> = fixtures.filter_map(read).collect();
    assert!(!judged.is_empty());
    judged
}

/// Made once: there are RSA keys among them.
static ALL: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let mut fixtures = Catalogue::all().unwrap();
    fixtures.retain(|fixture| fixture.side == Side::Client);
    fixtures
});

#[test]
fn what_must_be_refused_for_its_name_is_refused_with_the_code() {
    let mut refused = 0;
    for (fixture, certificate) in judged_at(Stage::Identity) {
        let error = identify(fixture, &certificate).unwrap_err();
        assert_eq!(
            Some(error.code().as_str()),
            fixture.expected.code,
            "{}",
            fixture.name
        );
        refused += 1;
    }
    assert!(refused >= 18, "{refused}");
}

#[test]
fn what_is_accepted_or_refused_later_has_a_name() {
    for stage in [Stage::Accepted, Stage::Policy, Stage::Psd2] {
        for (fixture, certificate) in judged_at(stage) {
            let identity = identify(fixture, &certificate);
            assert!(identity.is_ok(), "{}: {identity:?}", fixture.name);
        }
    }
}

#[test]
fn what_must_be_refused_for_its_psd2_statement_is_refused_with_the_code() {
    let mut refused = 0;
    for (fixture, certificate) in judged_at(Stage::Psd2) {
        let psd2 = Psd2::of_tls(&certificate);
        let may_pay = psd2.and_then(|psd2| psd2.require(Psd2Role::PaymentInitiation));
        let code = may_pay.unwrap_err().code();
        assert_eq!(
            Some(code.as_str()),
            fixture.expected.code,
            "{}",
            fixture.name
        );
        refused += 1;
    }
    assert_eq!(refused, 10);
}

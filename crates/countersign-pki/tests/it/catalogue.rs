use std::collections::BTreeSet;

use countersign_pki::{Catalogue, Outcome, Stage, Verifier};

#[test]
fn every_name_is_there_once_and_there_are_at_least_ninety() {
    let names: Vec<_> = Catalogue::names().collect();
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(names.len(), distinct.len());
    assert!(names.len() >= 90, "{}", names.len());
}

#[test]
fn what_is_refused_by_us_has_a_code_and_what_is_accepted_has_none() {
    for fixture in Catalogue::all().unwrap() {
        let expected = fixture.expected;
        let refused = match expected.of(Verifier::Countersign) {
            Outcome::Alert(_) => fixture.side == countersign_pki::Side::Client,
            Outcome::Answered(status) => status != 200,
            _ => false,
        };
        assert_eq!(expected.code.is_some(), refused, "{}", fixture.name);
    }
}

#[test]
fn what_is_decided_nowhere_is_accepted_by_us() {
    for fixture in Catalogue::all().unwrap() {
        if fixture.expected.stage == Stage::Accepted {
            assert_eq!(
                fixture.expected.countersign,
                Outcome::Answered(200),
                "{}",
                fixture.name
            );
        }
    }
}

#[test]
fn an_unknown_name_is_none() {
    assert!(Catalogue::get("nonesuch").unwrap().is_none());
}

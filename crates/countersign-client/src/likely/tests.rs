use countersign_pki::{Authority, Issued, Request, Usage};

use super::*;

const BEFORE: i64 = 1_780_000_000;
const NOW: i64 = 1_790_000_000;
const LATER: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A chain of two: a leaf, and the issuing CA below `Root`.
fn issued(shape: impl Fn(Request<'_>) -> Request<'_>) -> Issued {
    let root = Authority::root_valid("Root", at(BEFORE - 1), at(LATER + 1)).unwrap();
    let issuing = root
        .intermediate_valid("Issuing", at(BEFORE - 1), at(LATER + 1))
        .unwrap();
    shape(issuing.client(at(NOW)).uri("spiffe://dev.example/a"))
        .issue()
        .unwrap()
}

fn chain(pem: &str, key: &str) -> Chain {
    Chain::of(&Credential::from_pem(pem.as_bytes(), key.as_bytes()).unwrap())
}

fn whole(issued: &Issued) -> Chain {
    chain(&issued.chain_pem(), &issued.key_pem())
}

fn check(alert: Option<Alert>, chain: Option<&Chain>, acceptable: &[&str], wanted: &Likely) {
    let acceptable: Vec<String> = acceptable.iter().map(ToString::to_string).collect();
    let evidence = Evidence {
        alert,
        chain,
        acceptable: &acceptable,
        now: at(NOW),
    };
    assert_eq!(&evidence.likely(), wanted, "{alert:?} {acceptable:?}");
}

#[test]
fn without_a_certificate_that_is_the_reason_whatever_the_alert() {
    for alert in [
        None,
        Some(Alert::CERTIFICATE_REQUIRED),
        Some(Alert::new(40)),
        Some(Alert::new(41)),
        Some(Alert::BAD_CERTIFICATE),
    ] {
        check(alert, None, &[], &Likely::NoCertificate);
    }
}

#[test]
fn an_alert_that_has_one_meaning_is_believed() {
    let good = whole(&issued(|request| request));
    for (alert, likely) in [
        (Alert::CERTIFICATE_REVOKED, Likely::Revoked),
        (Alert::ACCESS_DENIED, Likely::NotAuthorized),
        (Alert::DECRYPT_ERROR, Likely::SignatureRejected),
    ] {
        check(Some(alert), Some(&good), &["CN=Root"], &likely);
    }
}

#[test]
fn expired_is_told_from_not_yet_valid_and_from_a_wrong_clock() {
    let ended = whole(&issued(|request| request.validity(at(BEFORE), at(NOW - 1))));
    let coming = whole(&issued(|request| request.validity(at(NOW + 1), at(LATER))));
    let good = whole(&issued(|request| request));
    let expired = Likely::Expired {
        not_after: at(NOW - 1),
    };
    let not_yet_valid = Likely::NotYetValid {
        not_before: at(NOW + 1),
    };
    for alert in [
        Some(Alert::CERTIFICATE_EXPIRED),
        Some(Alert::BAD_CERTIFICATE),
        Some(Alert::CERTIFICATE_UNKNOWN),
        None,
    ] {
        check(alert, Some(&ended), &[], &expired);
        check(alert, Some(&coming), &[], &not_yet_valid);
        let is_told = alert == Some(Alert::CERTIFICATE_EXPIRED);
        let likely = if is_told {
            Likely::ValidByOurClock
        } else {
            Likely::Unknown
        };
        check(alert, Some(&good), &[], &likely);
    }
}

#[test]
fn the_last_valid_second_is_not_expired() {
    let ends = whole(&issued(|request| request.validity(at(BEFORE), at(NOW))));
    let alert = Some(Alert::CERTIFICATE_EXPIRED);
    check(alert, Some(&ends), &[], &Likely::ValidByOurClock);
}

#[test]
fn an_unknown_ca_is_explained_by_what_the_server_accepts() {
    let issued = issued(|request| request);
    let (whole, alone) = (whole(&issued), chain(&issued.leaf_pem(), &issued.key_pem()));
    let not_accepted = |ours: &str| Likely::IssuerNotAccepted {
        ours: ours.to_owned(),
        accepted: vec!["CN=Other".to_owned()],
    };
    let alert = Some(Alert::UNKNOWN_CA);
    check(alert, Some(&whole), &["CN=Other"], &not_accepted("CN=Root"));
    check(
        alert,
        Some(&alone),
        &["CN=Other"],
        &not_accepted("CN=Issuing"),
    );
    check(
        alert,
        Some(&whole),
        &["CN=Other", "CN=Root"],
        &Likely::ServerCannotCheckRevocation,
    );
    check(alert, Some(&whole), &[], &Likely::Unknown);
}

#[test]
fn a_gap_below_an_accepted_ca_is_an_incomplete_chain() {
    let leaf = issued(|request| request);
    let root = Authority::root("Root", at(NOW)).unwrap();
    let stranger = root.intermediate("Stranger", at(NOW)).unwrap();
    let pem = leaf.leaf_pem() + &stranger.chain_pem();
    let gap = chain(&pem, &leaf.key_pem());
    let alert = Some(Alert::UNKNOWN_CA);
    check(alert, Some(&gap), &["CN=Root"], &Likely::IncompleteChain);
}

#[test]
fn a_wrong_purpose_is_read_from_the_certificate() {
    let server = whole(&issued(|request| {
        request.extended_key_usage(&[Usage::Server])
    }));
    let any = whole(&issued(|request| request.extended_key_usage(&[])));
    for alert in [
        Some(Alert::UNSUPPORTED_CERTIFICATE),
        Some(Alert::BAD_CERTIFICATE),
        None,
    ] {
        check(alert, Some(&server), &[], &Likely::WrongPurpose);
        check(alert, Some(&any), &[], &Likely::Unknown);
    }
}

//! What is wrong is found, and what is good is left alone.

use countersign_pki::{
    Authority, BasicConstraints, Finding, Issued, Key, KeyKind, KeyUsage, Severity, Usage,
};

use crate::{at, now};

fn issuing() -> (Authority, Authority) {
    let root = Authority::root("Root", now()).unwrap();
    let issuing = root.intermediate("Issuing", now()).unwrap();
    (root, issuing)
}

fn client() -> Issued {
    let (_, issuing) = issuing();
    issuing
        .client(now())
        .uri("spiffe://dev.example/a")
        .issue()
        .unwrap()
}

/// The severity and the code of each finding.
fn found(text: &str) -> Vec<(Severity, &'static str)> {
    let all = Finding::in_pem(text, now());
    all.iter().map(|it| (it.severity, it.code)).collect()
}

#[track_caller]
fn is(text: &str, severity: Severity, code: &'static str) {
    assert_eq!(found(text), [(severity, code)]);
}

#[test]
fn good_ones_have_no_finding() {
    let (root, issuing) = issuing();
    let client = client();
    let bundle = root.certificate_pem() + &issuing.certificate_pem();
    for text in [
        client.chain_pem(),
        client.chain_pem() + &client.key_pem(),
        client.key_pem(),
        bundle,
    ] {
        assert_eq!(found(&text), []);
    }
}

#[test]
fn a_leaf_that_does_not_say_what_a_peer_wants_to_know_is_found() {
    let (_, ca) = issuing();
    let client = || ca.client(now()).dns("a.example");
    let chain = |issued: Result<Issued, _>| issued.unwrap().chain_pem();
    let none = chain(client().extended_key_usage(&[]).issue());
    is(&none, Severity::Warning, "no-purpose");
    let other = chain(client().extended_key_usage(&[Usage::CodeSigning]).issue());
    is(&other, Severity::Error, "no-tls-purpose");
    let nameless = chain(ca.server(now()).common_name("a").issue());
    is(&nameless, Severity::Error, "no-alternative-name");
    let nameless = chain(ca.client(now()).common_name("a").issue());
    is(&nameless, Severity::Warning, "no-alternative-name");
    let silent = chain(client().key_usage(&[KeyUsage::KeyEncipherment]).issue());
    is(&silent, Severity::Error, "no-digital-signature");
    let ca = chain(
        client()
            .basic_constraints(BasicConstraints::Authority)
            .issue(),
    );
    assert!(found(&ca).contains(&(Severity::Error, "authority-as-leaf")));
    let lost = chain(client().without_extension(&[2, 5, 29, 35]).issue());
    is(&lost, Severity::Warning, "no-authority-key-id");
}

#[test]
fn dates_are_looked_at() {
    let (_, ca) = issuing();
    for (from, until, severity, code) in [
        ("2026-01-01", "2026-02-01", Severity::Error, "expired"),
        ("2026-09-01", "2026-10-01", Severity::Error, "not-yet-valid"),
        ("2026-07-01", "2026-08-05", Severity::Warning, "ends-soon"),
        ("2026-07-01", "2028-01-01", Severity::Warning, "long-lived"),
    ] {
        let moment = |day: &str| at(&format!("{day}T00:00:00Z"));
        let leaf = ca
            .client(now())
            .dns("a.example")
            .validity(moment(from), moment(until));
        is(&leaf.issue().unwrap().chain_pem(), severity, code);
    }
}

#[test]
fn the_order_of_a_chain_matters() {
    let (root, issuing) = issuing();
    let leaf = issuing.client(now()).dns("a.example").issue().unwrap();
    let (leaf, issuing, root) = (
        leaf.leaf_pem(),
        issuing.certificate_pem(),
        root.certificate_pem(),
    );
    let stranger = Authority::root("Stranger", now()).unwrap();
    let stranger = stranger
        .intermediate("Between", now())
        .unwrap()
        .certificate_pem();
    is(&format!("{issuing}{leaf}"), Severity::Error, "wrong-order");
    is(
        &format!("{leaf}{issuing}{root}"),
        Severity::Warning,
        "root-sent",
    );
    is(&format!("{leaf}{stranger}"), Severity::Warning, "unrelated");
    assert!(found(&format!("{leaf}{root}{issuing}")).contains(&(Severity::Error, "wrong-order")));
}

#[test]
fn a_key_that_does_not_fit_or_cannot_be_read_is_found() {
    let other = Key::generate(KeyKind::Ed25519).unwrap();
    let text = client().with_key(other);
    let text = text.chain_pem() + &text.key_pem();
    is(&text, Severity::Error, "key-mismatch");
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    is(broken, Severity::Error, "unreadable");
    is("nothing of the kind", Severity::Error, "nothing");
}

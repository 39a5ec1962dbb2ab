//! What a server may object to is found before there is a server.

use countersign_pki::{Authority, BasicConstraints, Digest, Issued, KeyUsage, Usage};
use countersign_tls::{Credential, Finding};

use crate::world::{Ca, at, credential, now};

/// A credential has exactly these findings, in words that name the certificate.
#[track_caller]
fn check(credential: &Credential, wanted: &[(Finding, bool, &str)]) {
    let findings = credential.check(now());
    let said: Vec<_> = findings
        .iter()
        .map(|finding| (finding.clone(), finding.is_fatal(), finding.to_string()))
        .collect();
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(finding, fatal, text)| (finding.clone(), *fatal, (*text).to_owned()))
        .collect();
    assert_eq!(said, wanted);
}

fn authority() -> Authority {
    Ca::new("Clients").root
}

#[test]
fn a_good_credential_has_none() {
    let issuing = authority().intermediate("Issuing", now()).unwrap();
    check(&credential(&issuing.client(now()).issue().unwrap()), &[]);
}

#[test]
fn the_time_is_that_which_is_passed_in() {
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-07-31T00:00:00Z"));
    let expired = authority().client(now()).validity(from, until).issue();
    let expired = credential(&expired.unwrap());
    let finding = Finding::Expired {
        position: 1,
        not_after: until,
    };
    check(
        &expired,
        &[(
            finding,
            true,
            "certificate 1 expired at 2026-07-31T00:00:00Z",
        )],
    );
    assert!(expired.check(at("2026-07-15T00:00:00Z")).is_empty());
    let early = expired.check(at("2026-06-15T00:00:00Z"));
    let finding = Finding::NotYetValid {
        position: 1,
        not_before: from,
    };
    assert_eq!(early, [finding]);
}

#[test]
fn an_intermediate_that_has_expired_counts() {
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-07-31T00:00:00Z"));
    let issuing = authority()
        .intermediate_valid("Issuing", from, until)
        .unwrap();
    let client = issuing
        .client(now())
        .validity(from, at("2026-09-01T00:00:00Z"));
    let finding = Finding::Expired {
        position: 2,
        not_after: until,
    };
    check(
        &credential(&client.issue().unwrap()),
        &[(
            finding,
            true,
            "certificate 2 expired at 2026-07-31T00:00:00Z",
        )],
    );
}

#[test]
fn a_purpose_that_is_not_a_client_is_fatal() {
    let root = authority();
    let server = root.client(now()).extended_key_usage(&[Usage::Server]);
    check(
        &credential(&server.issue().unwrap()),
        &[(
            Finding::WrongPurpose,
            true,
            "the extended key usage of the first certificate does not allow client authentication",
        )],
    );
}

#[test]
fn a_key_usage_without_signatures_is_found() {
    let root = authority();
    let client = root.client(now()).key_usage(&[KeyUsage::KeyEncipherment]);
    check(
        &credential(&client.issue().unwrap()),
        &[(
            Finding::NoDigitalSignature,
            false,
            "the key usage of the first certificate does not allow digital signatures",
        )],
    );
}

/// A leaf below two intermediates, sent with these of the certificates above it.
fn sent_with(above: impl Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>) -> Credential {
    let root = authority();
    let upper = root.intermediate_request("Upper", now());
    let upper = upper.basic_constraints(BasicConstraints::Authority);
    let upper = upper.issue_authority().unwrap();
    let lower = upper.intermediate("Lower", now()).unwrap();
    let leaf = lower.client(now()).issue().unwrap();
    let certificates = leaf.chain_der().split_off(1);
    credential(&leaf.sent_with(above(certificates)))
}

#[test]
fn a_gap_in_the_chain_is_told_from_a_wrong_order() {
    check(&sent_with(|above| above), &[]);
    let missing = Finding::MissingIntermediate {
        position: 1,
        issuer: "CN=Lower".to_owned(),
    };
    check(
        &sent_with(|above| above.into_iter().skip(1).collect()),
        &[(
            missing,
            false,
            "the issuer of certificate 1, `CN=Lower`, does not follow it",
        )],
    );
    let findings = sent_with(|above| above.into_iter().rev().collect()).check(now());
    assert_eq!(findings.first(), Some(&Finding::OutOfOrder { position: 1 }));
}

#[test]
fn what_is_old_or_weak_is_found() {
    let root = authority();
    let issued = |issued: Issued| credential(&issued);
    let leaf = root.client(now()).common_name("old").issue().unwrap();
    let forged = leaf.forge().unwrap().version_1().sign(root.key()).unwrap();
    assert!(
        issued(forged)
            .check(now())
            .contains(&Finding::Version1 { position: 1 })
    );

    let sha1 = leaf
        .forge()
        .unwrap()
        .sign_over(Digest::Sha1, root.key())
        .unwrap();
    let finding = Finding::WeakSignature {
        position: 1,
        digest: "SHA-1",
    };
    assert_eq!(issued(sha1).check(now()), [finding]);
}

/// SubjectPublicKeyInfo of an RSA key of 1024 bits (RFC 3279, section 2.3.1). Nobody has its private half.
fn short_key() -> Vec<u8> {
    let head = [
        0x30, 0x81, 0x9F, // SubjectPublicKeyInfo
        0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
        0x03, 0x81, 0x8D, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00, // the modulus
    ];
    let exponent = [0x02, 0x03, 0x01, 0x00, 0x01];
    [&head[..], &[0xFF; 128], &exponent].concat()
}

#[test]
fn a_short_key_of_rsa_is_found_anywhere_in_the_chain() {
    let root = authority();
    let issuing = root.intermediate("Issuing", now()).unwrap();
    let leaf = issuing.client(now()).issue().unwrap();
    let above = root.client(now()).common_name("Issuing").issue().unwrap();
    let above = above.forge().unwrap().public_key(&short_key());
    let above = above.sign(root.key()).unwrap();
    let weak = leaf.sent_with([above.certificate_der().to_vec()]);
    let finding = Finding::WeakKey {
        position: 2,
        bits: 1024,
    };
    check(
        &credential(&weak),
        &[(finding, false, "the RSA key of certificate 2 has 1024 bits")],
    );
}

#[test]
fn a_ca_is_no_leaf() {
    let root = authority();
    let key = root.key_pem();
    let ca = Credential::from_pem(root.certificate_pem().as_bytes(), key.as_bytes()).unwrap();
    check(
        &ca,
        &[
            (
                Finding::NoDigitalSignature,
                false,
                "the key usage of the first certificate does not allow digital signatures",
            ),
            (
                Finding::CaAsLeaf,
                false,
                "the first certificate is that of a CA",
            ),
        ],
    );
}

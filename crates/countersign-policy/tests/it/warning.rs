use countersign_identity::TrustName;
use countersign_policy::Directory;

/// The warnings of a policy, as an operator reads them.
#[track_caller]
fn check(policy: &str, wanted: &[&str]) {
    let directory = Directory::from_toml(policy).unwrap();
    let warnings: Vec<_> = directory
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(warnings, wanted);
}

#[test]
fn a_policy_without_surprises_has_no_warning() {
    check(include_str!("../../../../fixtures/policy.toml"), &[]);
}

#[test]
fn a_caller_known_by_unchecked_text_is_warned_of() {
    check(
        "version = 1\n[principals.a]\nidentities = [{ trust = \"clients\", name = \"cn:x\" }]",
        &[
            "line 3, column 43: `a` is known by a commonName, which is unchecked text: use a name of another kind",
        ],
    );
}

#[test]
fn a_caller_known_by_one_certificate_is_warned_of() {
    check(
        "version = 1\n[principals.a]\nidentities = [{ trust = \"clients\", name = \"x5t:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\" }]",
        &[
            "line 3, column 43: `a` is known by the thumbprint of one certificate, and a renewal will lock it out: use the name in the certificate, or the pin of its key",
        ],
    );
}

#[test]
fn a_role_of_nobody_is_warned_of() {
    check(
        "version = 1\n[roles.reader]\npermissions = []",
        &["line 2, column 8: nobody has the role `reader`"],
    );
}

#[test]
fn a_principal_that_nobody_can_be_is_warned_of() {
    check(
        "version = 1\n[principals.a]\nidentities = []",
        &["line 2, column 13: `a` has no identity: nobody can be it"],
    );
}

#[test]
fn an_identity_of_a_trust_that_there_is_not_is_warned_of() {
    let policy = "version = 1\n[principals.a]\nidentities = [\n\
         { trust = \"clients\", name = \"dns:a.example\" },\n\
         { trust = \"partner\", name = \"dns:a.example\" },\n]";
    let directory = Directory::from_toml(policy).unwrap();
    let clients: TrustName = "clients".parse().unwrap();
    let warnings = directory.check_trusts([&clients]);
    let warnings: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "line 5, column 29: there is no trust `partner`: nobody can have the identity `partner: dns:a.example`"
        ]
    );
}

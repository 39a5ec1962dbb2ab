use countersign_policy::Directory;

/// The error of a policy, as an operator reads it.
#[track_caller]
fn check(policy: &str, message: &str) {
    let error = Directory::from_toml(policy).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn an_empty_document_knows_nobody() {
    assert_eq!(
        Directory::from_toml("version = 1"),
        Ok(Directory::default())
    );
}

#[test]
fn a_document_without_a_version_is_refused() {
    check("", "line 1, column 1: missing field `version`");
}

#[test]
fn a_version_of_the_future_is_refused() {
    check(
        "\nversion = 2",
        "line 2, column 11: version 2 is unknown: wanted 1",
    );
}

#[test]
fn an_unknown_key_is_refused_where_it_stands() {
    check(
        "version = 1\ndefault = \"allow\"",
        "line 2, column 1: unknown field `default`, expected one of `version`, `roles`, `principals`",
    );
}

#[test]
fn a_permission_without_a_verb_is_refused() {
    check(
        "version = 1\n[roles.reader]\npermissions = [\"transactions:read\", \"all\"]",
        "line 3, column 37: `all` is malformed: wanted `noun:verb`, of lower-case letters, digits and dashes",
    );
}

#[test]
fn a_role_that_nobody_defines_is_refused() {
    check(
        "version = 1\n[principals.a]\nroles = [\"reader\"]\nidentities = []",
        "line 3, column 10: the role `reader` is not defined",
    );
}

#[test]
fn a_name_without_a_kind_is_refused() {
    check(
        "version = 1\n[principals.a]\nidentities = [{ trust = \"clients\", name = \"billing\" }]",
        "line 3, column 43: `billing` has no known kind: wanted `spiffe://…`, or a value behind `uri:`, `dns:`, `email:`, `ip:`, `dn:`, `org:`, `pin:`, `x5t:` or `cn:`",
    );
}

#[test]
fn a_malformed_spiffe_id_is_refused_with_its_reason() {
    check(
        "version = 1\n[principals.a]\nidentities = [{ trust = \"clients\", name = \"spiffe://a\" }]",
        "line 3, column 43: `spiffe://a` is malformed: wanted a SPIFFE ID with a path",
    );
}

#[test]
fn an_identity_of_two_principals_is_refused() {
    check(
        "version = 1\n\
         [principals.a]\nidentities = [{ trust = \"clients\", name = \"cn:x\" }]\n\
         [principals.b]\nidentities = [{ trust = \"clients\", name = \"cn:x\" }]",
        "line 5, column 43: the identity `clients: cn:x` belongs to `a` already",
    );
}

#[test]
fn an_end_without_an_offset_is_refused() {
    for end in ["2027-06-30", "2027-06-30T00:00:00", "00:00:00"] {
        check(
            &format!("version = 1\n[principals.a]\nnot_after = {end}\nidentities = []"),
            &format!(
                "line 3, column 13: `{end}` is malformed: wanted a date and time with its offset, as 2027-06-30T00:00:00Z"
            ),
        );
    }
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    check(
        "version = 1\n[principals.a]\nidentities = []\n[principals.a]\nidentities = []",
        "line 4, column 13: duplicate key",
    );
}

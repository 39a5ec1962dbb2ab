//! What holds of any policy.

use std::collections::BTreeSet;

use countersign_identity::Identity;
use countersign_policy::{Directory, Requirement};
use jiff::Timestamp;
use proptest::collection::{btree_set, vec};
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::{prop_assert, prop_assert_eq, proptest};

const PERMISSIONS: [&str; 5] = ["a:read", "a:write", "b:read", "b:write", "c:close"];

fn some() -> impl Strategy<Value = BTreeSet<&'static str>> {
    btree_set(select(PERMISSIONS.to_vec()), 0..PERMISSIONS.len())
}

/// Who has `own` permissions and a role with `role`.
fn policy(own: &BTreeSet<&str>, role: &BTreeSet<&str>, enabled: bool) -> Directory {
    Directory::from_toml(&format!(
        "version = 1\n[roles.r]\npermissions = {role:?}\n[principals.p]\nenabled = {enabled}\n\
         roles = [\"r\"]\npermissions = {own:?}\nidentities = [{{ trust = \"t\", name = \"dns:p\" }}]"
            ,
        role = role.iter().collect::<Vec<_>>(),
        own = own.iter().collect::<Vec<_>>(),
    ))
    .unwrap()
}

fn allowed(directory: &Directory, permission: &str) -> bool {
    let identity = Identity::new("t".parse().unwrap(), "dns:p".parse().unwrap());
    let asked = Requirement::Permission(permission.parse().unwrap());
    let now = Timestamp::UNIX_EPOCH;
    let explained = directory.explain(&identity, &asked, now).verdict.is_ok();
    let decided = directory.lookup(&identity, now);
    let decided = decided
        .and_then(|principal| principal.hold(permission))
        .is_ok();
    assert_eq!(explained, decided, "the explanation is of the decision");
    decided
}

proptest! {
    #[test]
    fn what_is_granted_is_allowed_and_nothing_else(own in some(), role in some()) {
        let directory = policy(&own, &role, true);
        for permission in PERMISSIONS {
            let granted = own.contains(permission) || role.contains(permission);
            prop_assert_eq!(allowed(&directory, permission), granted, "{}", permission);
        }
    }

    #[test]
    fn one_permission_more_refuses_nothing(own in some(), role in some(), more in select(PERMISSIONS.to_vec())) {
        let before = policy(&own, &role, true);
        for in_role in [false, true] {
            let (mut own, mut role) = (own.clone(), role.clone());
            if in_role { role.insert(more) } else { own.insert(more) };
            let after = policy(&own, &role, true);
            for permission in PERMISSIONS {
                prop_assert!(!allowed(&before, permission) || allowed(&after, permission));
            }
        }
    }

    #[test]
    fn who_is_disabled_may_do_nothing(own in some(), role in some()) {
        let directory = policy(&own, &role, false);
        for permission in PERMISSIONS {
            prop_assert!(!allowed(&directory, permission));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), lines in vec(select(vec![
        "version = 1", "[roles.r]", "permissions = [\"a:b\"]", "[principals.p]", "not_after = 2027-01-01",
        "identities = [{ trust = \"t\", name = \"cn:\u{1}\" }]", "roles = [\"r\"]", "\u{0}", "[[", "enabled = 1",
    ]), 0..8)) {
        let _ = Directory::from_toml(&text);
        let _ = Directory::from_toml(&lines.join("\n"));
    }
}

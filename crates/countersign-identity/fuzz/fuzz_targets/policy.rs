//! A policy that is read finds its own identities; what it warns of, or why it is refused, has a place.
#![no_main]

use countersign_identity::{Identity, Name};
use countersign_policy::Directory;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|policy: &str| {
    match Directory::from_toml(policy) {
        Ok(directory) => read(&directory),
        Err(error) => assert!(error.to_string().starts_with("line "), "{error}"),
    }
});

fn read(directory: &Directory) {
    for (identity, _) in directory.identities() {
        let name: Name = identity.name().to_string().parse().unwrap();
        assert!(directory.knows(&Identity::new(identity.trust().clone(), name)));
    }
    for warning in directory.warnings() {
        assert!(warning.position().is_some(), "{warning}");
        countersign_identity_fuzz::one_line(&warning.to_string());
    }
}

//! Names, patterns, the words for kinds, object identifiers, organizations and names of trusts.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use countersign_identity::{Name, NamePattern, Oid, OrganizationId, Scheme, TrustName};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    round::<Scheme>(text);
    round::<Oid>(text);
    round::<OrganizationId>(text);
    round::<TrustName>(text);
    let name = round::<Name>(text);
    let pattern = round::<NamePattern>(text);
    if let (Some(name), Some(pattern)) = (name, pattern) {
        // The same text as a name and as a pattern: the pattern is that name.
        assert!(pattern.matches(&name), "{text}");
    }
});

fn round<T>(text: &str) -> Option<T>
where
    T: FromStr + Display + PartialEq + std::fmt::Debug,
    T::Err: Display,
{
    match text.parse::<T>() {
        Ok(value) => {
            let again = value.to_string().parse().ok();
            assert_eq!(again.as_ref(), Some(&value), "{text}");
            Some(value)
        }
        Err(error) => {
            countersign_identity_fuzz::one_line(&error.to_string());
            None
        }
    }
}

#![no_main]

use countersign_identity::DistinguishedName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<DistinguishedName>() {
        Ok(name) => countersign_identity_fuzz::distinguished_name(&name),
        Err(error) => countersign_identity_fuzz::one_line(&error.to_string()),
    }
});

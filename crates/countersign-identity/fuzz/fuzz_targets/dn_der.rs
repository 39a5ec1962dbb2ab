#![no_main]

use countersign_identity::DistinguishedName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|der: &[u8]| {
    if let Ok(name) = DistinguishedName::from_der(der) {
        countersign_identity_fuzz::distinguished_name(&name);
    }
});

#![no_main]

use countersign_identity::Certificate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|der: &[u8]| {
    match Certificate::from_der(der) {
        Ok(certificate) => countersign_identity_fuzz::certificate(&certificate),
        Err(error) => countersign_identity_fuzz::one_line(&error.to_string()),
    }
});

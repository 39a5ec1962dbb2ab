#![no_main]

use countersign_policy::Directory;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|policy: &str| {
    if let Err(error) = Directory::from_toml(policy) {
        assert!(error.to_string().starts_with("line "), "{error}");
    }
});

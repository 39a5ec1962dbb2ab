#![no_main]

use countersign_identity::SubjectText;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(read) = SubjectText::parse(&[bytes]) else {
        return;
    };
    if let Ok(name) = read.common_name() {
        let one = read.subject().common_names().next().unwrap();
        assert_eq!(name.to_string(), format!("cn:{one}"));
    }
});

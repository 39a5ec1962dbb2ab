#![no_main]

use countersign_identity::SpiffeId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(id) = text.parse::<SpiffeId>() else {
        return;
    };
    assert_eq!(id.as_str(), text);
    assert_eq!(format!("spiffe://{}{}", id.trust_domain(), id.path()), text);
    assert!(!id.trust_domain().is_empty());
    assert!(id.path().len() > 1 && !id.path().ends_with('/') && !id.path().contains("//"));
    assert!(text.len() <= 2048 && text.bytes().all(|byte| byte.is_ascii_graphic()));
});

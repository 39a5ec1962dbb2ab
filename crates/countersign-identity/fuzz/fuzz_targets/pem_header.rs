#![no_main]

use countersign_identity::{EscapedPem, FoldedPem};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let escaped = EscapedPem::parse(&[bytes]).map(|read| read.chain().clone());
    let folded = FoldedPem::parse(&[bytes]).map(|read| read.chain().clone());
    for chain in [escaped, folded].into_iter().flatten() {
        let written = EscapedPem::new(chain.clone()).to_string();
        let again = EscapedPem::parse(&[written.as_bytes()]).unwrap();
        assert_eq!(again.chain(), &chain);
    }
});

#![no_main]

use countersign_identity::{ClientCert, EncodedDer};
use libfuzzer_sys::fuzz_target;

// The first line is Client-Cert, each other one a line of its chain.
fuzz_target!(|bytes: &[u8]| {
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let (first, chain) = lines.split_at(1);
    if let Ok(read) = ClientCert::parse(first, chain) {
        let written = (read.client_cert(), read.client_cert_chain());
        let chain: Vec<_> = written.1.iter().map(|chain| chain.as_bytes()).collect();
        assert_eq!(written.0.as_bytes(), first[0]);
        assert_eq!(ClientCert::parse(first, &chain), Ok(read));
    }
    if let Ok(read) = EncodedDer::parse(&[bytes]) {
        assert_eq!(read.to_string().as_bytes(), bytes);
    }
});

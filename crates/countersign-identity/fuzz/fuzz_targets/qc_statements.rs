//! The value of a qcStatements extension, in a certificate of `PSDGB-FCA-1`.
#![no_main]

use countersign_identity::{Certificate, QcStatements};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let read = QcStatements::from_der(value);
    let Ok(certificate) = Certificate::from_der(&certificate(value)) else {
        // Only what is too large for a certificate makes it unreadable.
        assert!(value.len() > 60_000);
        return;
    };
    assert_eq!(QcStatements::of(&certificate), read.map(Some));
    countersign_identity_fuzz::psd2(&certificate);
});

/// A certificate without a signature worth the name.
fn certificate(statements: &[u8]) -> Vec<u8> {
    let ed25519 = tlv(0x30, &[&[6, 3, 0x2b, 0x65, 0x70]]);
    let organization = tlv(0x0c, &[b"PSDGB-FCA-1"]);
    let attribute = tlv(0x30, &[&[6, 3, 0x55, 4, 97], &organization]);
    let name = tlv(0x30, &[&tlv(0x31, &[&attribute])]);
    let date = tlv(0x17, &[b"260101000000Z"]);
    let extension = tlv(
        0x30,
        &[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 1, 3], &tlv(4, &[statements])],
    );
    let to_be_signed = tlv(
        0x30,
        &[
            &[0xa0, 3, 2, 1, 2, 2, 1, 1],
            &ed25519,
            &name,
            &tlv(0x30, &[&date, &date]),
            &name,
            &tlv(0x30, &[&ed25519, &tlv(3, &[&[0; 33]])]),
            &tlv(0xa3, &[&tlv(0x30, &[&extension])]),
        ],
    );
    tlv(0x30, &[&to_be_signed, &ed25519, &tlv(3, &[&[0; 65]])])
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = content.len().to_be_bytes();
    let zeros = len.iter().take_while(|byte| **byte == 0).count();
    let head = match content.len() {
        short @ 0..0x80 => vec![tag, short as u8],
        _ => [&[tag, 0x80 | (len.len() - zeros) as u8], &len[zeros..]].concat(),
    };
    [head, content].concat()
}

//! Bytes as text: PEM blocks, written with `\n` on every platform and read whatever surrounds them.

use data_encoding::BASE64;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

/// The block that RFC 7468 asks for: 64 characters a line.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    // 48 bytes make the 64 characters of a line.
    for line in der.chunks(48) {
        BASE64.encode_append(line, &mut text);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Certificates one after the other.
pub(crate) fn encode_chain<'a>(chain: impl IntoIterator<Item = &'a [u8]>) -> String {
    chain
        .into_iter()
        .map(|der| encode("CERTIFICATE", der))
        .collect()
}

/// Every certificate in the text, in order; `None` if a block is broken or of another kind.
pub(crate) fn certificates(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    Pem::iter_from_buffer(text)
        .map(|block| {
            block
                .ok()
                .filter(|b| b.label == "CERTIFICATE")
                .map(|b| b.contents)
        })
        .collect()
}

/// The label and the bytes of the first block that says it is a private key.
pub(crate) fn private_key(text: &str) -> Option<(String, Zeroizing<Vec<u8>>)> {
    Pem::iter_from_buffer(text.as_bytes())
        .filter_map(Result::ok)
        .find(|block| block.label.ends_with("PRIVATE KEY"))
        .map(|block| (block.label, Zeroizing::new(block.contents)))
}

/// The bytes of the first block with that label.
pub(crate) fn first(label: &str, text: &str) -> Option<Vec<u8>> {
    Pem::iter_from_buffer(text.as_bytes())
        .filter_map(Result::ok)
        .find(|block| block.label == label)
        .map(|block| block.contents)
}

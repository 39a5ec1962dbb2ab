use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{CipherSuite, SupportedCipherSuite};

/// The one crypto provider: aws-lc-rs, X25519MLKEM768 first.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// That of a server, which prefers what costs it least: SHA-384 is a quarter of what a resumed handshake costs, where
/// SHA-256 has instructions of its own.
pub(crate) fn server_provider() -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.cipher_suites.sort_by_key(needs_sha384);
    Arc::new(provider)
}

fn needs_sha384(suite: &SupportedCipherSuite) -> bool {
    matches!(
        suite.suite(),
        CipherSuite::TLS13_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
            | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    )
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;

    use super::*;

    #[test]
    fn post_quantum_key_exchange_is_preferred() {
        let first = provider().kx_groups.first().map(|group| group.name());
        assert_eq!(first, Some(NamedGroup::X25519MLKEM768));
    }

    #[test]
    fn a_server_prefers_aes_128_and_leaves_no_suite_out() {
        let (all, servers) = (provider(), server_provider());
        let names = |it: &CryptoProvider| -> Vec<_> {
            it.cipher_suites.iter().map(|suite| suite.suite()).collect()
        };
        let (all, servers) = (names(&all), names(&servers));
        assert_eq!(
            servers.first(),
            Some(&CipherSuite::TLS13_AES_128_GCM_SHA256)
        );
        assert_eq!(servers.len(), all.len());
        assert!(all.iter().all(|suite| servers.contains(suite)));
    }
}

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// The one crypto provider: aws-lc-rs, X25519MLKEM768 first.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
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
}

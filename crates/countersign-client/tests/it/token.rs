//! A token: it signs, shows no key, and can be locked.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use countersign_client::{SignatureScheme, Signer};
use countersign_pki::Key;

#[derive(Debug)]
pub(crate) struct Token {
    key: Key,
    locked: AtomicBool,
}

impl Token {
    pub(crate) fn of(key: Key) -> Arc<Self> {
        let locked = AtomicBool::new(false);
        Arc::new(Self { key, locked })
    }

    pub(crate) fn lock(&self, locked: bool) {
        self.locked.store(locked, Ordering::SeqCst);
    }
}

impl Signer for Token {
    fn schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_P256_SHA256]
    }

    fn sign(
        &self,
        _: SignatureScheme,
        message: &[u8],
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        if self.locked.load(Ordering::SeqCst) {
            return Err("the token is locked".into());
        }
        let der = self.key.pkcs8_der();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der)?;
        Ok(pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec())
    }
}

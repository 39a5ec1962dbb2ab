use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use countersign_identity::Certificate;
use rustls::pki_types::CertificateDer;
use rustls::sign::SigningKey;
use rustls::{SignatureAlgorithm, SignatureScheme as Scheme};

use crate::{CredentialError, provider};

/// Whatever signs for a certificate, and keeps the key to itself: a token, an agent, a service.
///
/// It is asked within a handshake, on the thread that runs it: one that takes long should answer
/// from a thread of its own, and be given the time by `connect_timeout`.
///
/// ```
/// use countersign_tls::{SignatureScheme, Signer};
///
/// #[derive(Debug)]
/// struct Agent;
///
/// impl Signer for Agent {
///     fn schemes(&self) -> Vec<SignatureScheme> {
///         vec![SignatureScheme::ECDSA_P256_SHA256]
///     }
///
///     fn sign(&self, _: SignatureScheme, _: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
///         Err("the agent is locked".into())
///     }
/// }
/// ```
pub trait Signer: fmt::Debug + Send + Sync + 'static {
    /// The kinds of signature that the key can make, the preferred first.
    fn schemes(&self) -> Vec<SignatureScheme>;

    /// Signs the message (not a digest of it), as RFC 8446, section 4.2.3, has it: ECDSA in DER.
    ///
    /// # Errors
    ///
    /// It does not sign. The handshake fails, and says so.
    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
    ) -> Result<Vec<u8>, Box<dyn StdError + Send + Sync>>;
}

/// A kind of signature (RFC 8446, section 4.2.3), by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignatureScheme(u16);

impl SignatureScheme {
    /// ECDSA on P-256 with SHA-256.
    pub const ECDSA_P256_SHA256: Self = Self(0x0403);
    /// ECDSA on P-384 with SHA-384.
    pub const ECDSA_P384_SHA384: Self = Self(0x0503);
    /// Ed25519.
    pub const ED25519: Self = Self(0x0807);
    /// RSASSA-PKCS1-v1_5 with SHA-256; TLS 1.2 only.
    pub const RSA_PKCS1_SHA256: Self = Self(0x0401);
    /// RSASSA-PSS with SHA-256.
    pub const RSA_PSS_SHA256: Self = Self(0x0804);

    /// The scheme with this number.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Its number in the registry of IANA.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// `signer`, as rustls asks for it.
pub(crate) fn signing_key(signer: Arc<dyn Signer>) -> Arc<dyn SigningKey> {
    Arc::new(Elsewhere(signer))
}

/// Asks for a signature, and verifies it with the key of the leaf.
pub(crate) fn prove(
    signer: &dyn Signer,
    leaf: &CertificateDer<'_>,
    certificate: &Certificate,
) -> Result<(), CredentialError> {
    let failed = |reason: String| CredentialError::Signer { reason };
    let scheme = signer.schemes().first().copied();
    let scheme = scheme.ok_or_else(|| failed("it offers no kind of signature".to_owned()))?;
    let signature = signer
        .sign(scheme, PROOF)
        .map_err(|error| failed(error.to_string()))?;
    let mismatch = || CredentialError::KeyMismatch {
        subject: certificate.subject().to_string(),
    };
    let leaf = webpki::EndEntityCert::try_from(leaf)
        .map_err(|_| failed("the certificate cannot be verified with".to_owned()))?;
    let algorithms = provider().signature_verification_algorithms.mapping;
    let candidates = algorithms
        .iter()
        .filter(|(known, _)| u16::from(*known) == scheme.0);
    let verified = candidates
        .flat_map(|(_, algorithms)| algorithms.iter())
        .any(|algorithm| leaf.verify_signature(*algorithm, PROOF, &signature).is_ok());
    verified.then_some(()).ok_or_else(mismatch)
}

/// What is signed is no message of TLS, so the signature serves nobody.
const PROOF: &[u8] = b"countersign: proof that a signer has the key of a certificate";

#[derive(Debug)]
struct Elsewhere(Arc<dyn Signer>);

impl SigningKey for Elsewhere {
    fn choose_scheme(&self, offered: &[Scheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        let schemes = self.0.schemes().into_iter();
        let mut schemes = schemes.map(|scheme| Scheme::from(scheme.0));
        let scheme = schemes.find(|scheme| offered.contains(scheme))?;
        Some(Box::new(Signing {
            signer: Arc::clone(&self.0),
            scheme,
        }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        let number = self.0.schemes().first().map_or(0, |scheme| scheme.0);
        match number {
            0x0807 | 0x0808 => SignatureAlgorithm::ED25519,
            0x0403 | 0x0503 | 0x0603 => SignatureAlgorithm::ECDSA,
            _ => SignatureAlgorithm::RSA,
        }
    }
}

#[derive(Debug)]
struct Signing {
    signer: Arc<dyn Signer>,
    scheme: Scheme,
}

impl rustls::sign::Signer for Signing {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let scheme = SignatureScheme(self.scheme.into());
        let signed = self.signer.sign(scheme, message);
        signed.map_err(|error| rustls::Error::General(format!("the signer failed: {error}")))
    }

    fn scheme(&self) -> Scheme {
        self.scheme
    }
}

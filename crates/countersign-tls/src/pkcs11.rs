//! How does a key on a PKCS#11 token sign?

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::{AuthPin, Ulong};
use sha2::{Digest, Sha256, Sha384};
use thiserror::Error as ThisError;

use crate::{Password, SignatureScheme, Signer};

/// A private key that stays on a token: a smart card, an HSM, SoftHSM. It signs for
/// [`Credential::from_signer`](crate::Credential::from_signer).
///
/// Keys on P-256 and P-384, and RSA. It holds one session; signatures take turns.
///
/// ```no_run
/// use std::sync::Arc;
/// use countersign_tls::{Credential, Password, Pkcs11Key};
///
/// # fn example(chain: Vec<Vec<u8>>) -> Result<(), Box<dyn std::error::Error>> {
/// let pin = Password::from_file("pin")?;
/// let key = Pkcs11Key::open("/usr/lib/softhsm/libsofthsm2.so", "partners", &pin, "billing")?;
/// let credential = Credential::from_signer(chain, Arc::new(key))?;
/// # Ok(())
/// # }
/// ```
pub struct Pkcs11Key {
    session: Mutex<Session>,
    key: ObjectHandle,
    kind: Kind,
}

/// Why a key on a token cannot be used.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Pkcs11Error {
    /// The module is not one, or does not begin.
    #[error("`{}` is no PKCS#11 module that can be used: {reason}", path.display())]
    Module {
        /// Its file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// No token has this label.
    #[error("no token has the label `{label}`; there are {present:?}")]
    NoToken {
        /// The label.
        label: String,
        /// Those of the tokens that are present.
        present: Vec<String>,
    },
    /// The token does not take the PIN.
    #[error("the token `{label}` does not take the PIN: {reason}")]
    Pin {
        /// Its label.
        label: String,
        /// Why not. After a few of these most tokens are locked.
        reason: String,
    },
    /// Not exactly one private key has this label.
    #[error("the token has {found} private keys with the label `{label}`, wanted one")]
    Key {
        /// The label.
        label: String,
        /// How many have it.
        found: usize,
    },
    /// The key is of a kind that is not supported.
    #[error("the key `{label}` is neither on P-256 or P-384 nor RSA")]
    KeyKind {
        /// Its label.
        label: String,
    },
    /// The token failed.
    #[error("the token failed: {reason}")]
    Token {
        /// Its own words.
        reason: String,
    },
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    P256,
    P384,
    Rsa,
}

impl Pkcs11Key {
    /// Opens the key with the label `key` on the token with the label `token`, through the module, a shared
    /// library, of its maker. While another key of the token is open in this process, tokens do not look at the PIN.
    ///
    /// # Errors
    ///
    /// [`Pkcs11Error`] says which of the four is wrong.
    pub fn open(
        module: impl AsRef<Path>,
        token: &str,
        pin: &Password,
        key: &str,
    ) -> Result<Self, Pkcs11Error> {
        let module = begin(module.as_ref())?;
        let slot = slot(&module, token)?;
        let session = module.open_ro_session(slot).map_err(failed)?;
        log_in(&session, token, pin)?;
        let handle = find(&session, key)?;
        let kind = kind(&session, handle, key)?;
        Ok(Self {
            session: Mutex::new(session),
            key: handle,
            kind,
        })
    }

    fn raw(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>, Error> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.sign(mechanism, self.key, data)
    }
}

impl Signer for Pkcs11Key {
    fn schemes(&self) -> Vec<SignatureScheme> {
        match self.kind {
            Kind::P256 => vec![SignatureScheme::ECDSA_P256_SHA256],
            Kind::P384 => vec![SignatureScheme::ECDSA_P384_SHA384],
            Kind::Rsa => vec![
                SignatureScheme::RSA_PSS_SHA256,
                SignatureScheme::RSA_PKCS1_SHA256,
            ],
        }
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
    ) -> Result<Vec<u8>, Box<dyn StdError + Send + Sync>> {
        // Not every token hashes for ECDSA.
        let ecdsa = |digest: &[u8]| self.raw(&Mechanism::Ecdsa, digest);
        Ok(match scheme {
            SignatureScheme::ECDSA_P256_SHA256 => ecdsa_der(&ecdsa(&Sha256::digest(message))?),
            SignatureScheme::ECDSA_P384_SHA384 => ecdsa_der(&ecdsa(&Sha384::digest(message))?),
            SignatureScheme::RSA_PSS_SHA256 => {
                self.raw(&Mechanism::Sha256RsaPkcsPss(PSS), message)?
            }
            _ => self.raw(&Mechanism::Sha256RsaPkcs, message)?,
        })
    }
}

impl fmt::Debug for Pkcs11Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Key")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

fn begin(path: &Path) -> Result<Pkcs11, Pkcs11Error> {
    let unusable = |error: Error| Pkcs11Error::Module {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let module = Pkcs11::new(path).map_err(unusable)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        // Once for each process, and another key of it may be open.
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(module),
        Err(error) => Err(unusable(error)),
    }
}

fn slot(module: &Pkcs11, wanted: &str) -> Result<Slot, Pkcs11Error> {
    let mut present = Vec::new();
    for slot in module.get_slots_with_token().map_err(failed)? {
        let token = module.get_token_info(slot).map_err(failed)?;
        if token.label() == wanted {
            return Ok(slot);
        }
        present.push(token.label().to_owned());
    }
    Err(Pkcs11Error::NoToken {
        label: wanted.to_owned(),
        present,
    })
}

fn log_in(session: &Session, token: &str, pin: &Password) -> Result<(), Pkcs11Error> {
    let pin = AuthPin::new(pin.expose().into());
    match session.login(UserType::User, Some(&pin)) {
        // All sessions of a process with one token are logged in together.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(error) => Err(Pkcs11Error::Pin {
            label: token.to_owned(),
            reason: error.to_string(),
        }),
    }
}

fn find(session: &Session, label: &str) -> Result<ObjectHandle, Pkcs11Error> {
    let wanted = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Label(label.as_bytes().to_vec()),
    ];
    match session.find_objects(&wanted).map_err(failed)?.as_slice() {
        [key] => Ok(*key),
        keys => Err(Pkcs11Error::Key {
            label: label.to_owned(),
            found: keys.len(),
        }),
    }
}

fn kind(session: &Session, key: ObjectHandle, label: &str) -> Result<Kind, Pkcs11Error> {
    let wanted = [AttributeType::KeyType];
    let attributes = session.get_attributes(key, &wanted).map_err(failed)?;
    match attributes.as_slice() {
        [Attribute::KeyType(KeyType::RSA)] => return Ok(Kind::Rsa),
        [Attribute::KeyType(KeyType::EC)] => {}
        _ => return Err(unsupported(label)),
    }
    let wanted = [AttributeType::EcParams];
    let attributes = session.get_attributes(key, &wanted).map_err(failed)?;
    match attributes.as_slice() {
        [Attribute::EcParams(curve)] if curve == P256 => Ok(Kind::P256),
        [Attribute::EcParams(curve)] if curve == P384 => Ok(Kind::P384),
        _ => Err(unsupported(label)),
    }
}

fn unsupported(label: &str) -> Pkcs11Error {
    Pkcs11Error::KeyKind {
        label: label.to_owned(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn failed(error: Error) -> Pkcs11Error {
    Pkcs11Error::Token {
        reason: error.to_string(),
    }
}

/// Tokens answer two numbers of one length; TLS wants them as a SEQUENCE of two INTEGERs (RFC 3279, section 2.2.3).
/// On P-384 it is below 128 bytes.
fn ecdsa_der(signature: &[u8]) -> Vec<u8> {
    let (first, second) = signature.split_at(signature.len() / 2);
    let content = [integer(first), integer(second)].concat();
    tagged(0x30, &content)
}

/// Without leading zeros, but for one where the number would else be negative.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut number = bytes.get(zeros..).unwrap_or_default().to_vec();
    if number.first().is_none_or(|first| *first >= 0x80) {
        number.insert(0, 0);
    }
    tagged(0x02, &number)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[tag, length], content].concat()
}

const PSS: PkcsPssParams = PkcsPssParams {
    hash_alg: MechanismType::SHA256,
    mgf: PkcsMgfType::MGF1_SHA256,
    s_len: Ulong::new(32),
};

/// DER of the object identifiers (RFC 5480, section 2.1.1.1).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_are_written_as_der() {
        for (raw, der) in [
            (&[1, 2][..], &[0x30, 6, 2, 1, 1, 2, 1, 2][..]),
            (&[0x80, 0, 0, 1], &[0x30, 8, 2, 3, 0, 0x80, 0, 2, 1, 1]),
            (&[0, 0, 0, 0x7f], &[0x30, 6, 2, 1, 0, 2, 1, 0x7f]),
        ] {
            assert_eq!(ecdsa_der(raw), der);
        }
    }
}

use std::fmt;
use std::fs;
use std::path::Path;

use zeroize::Zeroizing;

use crate::LoadError;

/// What opens an encrypted key or a PKCS#12 store. It is never printed, and wiped when dropped.
///
/// ```
/// use countersign_tls::Password;
///
/// assert_eq!(format!("{:?}", Password::from("changeit")), "Password(..)");
/// ```
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The first line of a file, as an orchestrator mounts it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not UTF-8; the error names it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        let text = Zeroizing::new(text);
        Ok(Self::from(text.lines().next().unwrap_or_default()))
    }

    /// The password itself, for whoever opens something with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Password {
    fn from(password: &str) -> Self {
        Self(Zeroizing::new(password.to_owned()))
    }
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self(Zeroizing::new(password))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

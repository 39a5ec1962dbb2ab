use std::fmt;
use std::str::FromStr;

/// Something that a route may require, named once and as a type.
///
/// ```
/// use countersign_policy::Permission;
///
/// /// Read the ledger.
/// struct ReadTransactions;
///
/// impl Permission for ReadTransactions {
///     const NAME: &'static str = "transactions:read";
/// }
/// ```
pub trait Permission: Send + Sync + 'static {
    /// The name in policies, problem documents and the audit log: `noun:verb`.
    const NAME: &'static str;
}

/// The name of a permission in a policy: `noun:verb`, of lower-case letters, digits and dashes.
///
/// ```
/// use countersign_policy::PermissionName;
///
/// assert!("transactions:read".parse::<PermissionName>().is_ok());
/// assert!("transactions:*".parse::<PermissionName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PermissionName(String);

impl PermissionName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for PermissionName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PermissionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PermissionName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((noun, verb)) if is_word(noun) && is_word(verb) => Ok(Self(text.to_owned())),
            _ => Err("`noun:verb`, of lower-case letters, digits and dashes"),
        }
    }
}

/// Lower-case letters, digits and dashes, beginning with a letter.
pub(crate) fn is_word(text: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.bytes().all(plain)
}

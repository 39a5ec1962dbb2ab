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
///
/// A name that is not of that form stops the build of a program that asks for it.
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
    /// The name of `P`.
    pub fn of<P: Permission>() -> Self {
        Self(checked::<P>().to_owned())
    }

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
        if is_permission(text.as_bytes()) {
            return Ok(Self(text.to_owned()));
        }
        Err("`noun:verb`, of lower-case letters, digits and dashes")
    }
}

/// The name of `P`, which has been found well-formed when the program was compiled.
pub(crate) const fn checked<P: Permission>() -> &'static str {
    const {
        assert!(
            is_permission(P::NAME.as_bytes()),
            "a permission is named `noun:verb`"
        )
    };
    P::NAME
}

/// Lower-case letters, digits and dashes, beginning with a letter.
pub(crate) const fn is_word(text: &[u8]) -> bool {
    let [first, rest @ ..] = text else {
        return false;
    };
    first.is_ascii_lowercase() && ends_word(rest)
}

/// A word, a colon, a word.
const fn is_permission(mut text: &[u8]) -> bool {
    let [b'a'..=b'z', ..] = text else {
        return false;
    };
    while let [first, rest @ ..] = text {
        match first {
            b':' => return is_word(rest),
            byte if is_plain(*byte) => text = rest,
            _ => return false,
        }
    }
    false
}

const fn ends_word(mut text: &[u8]) -> bool {
    while let [first, rest @ ..] = text {
        if !is_plain(*first) {
            return false;
        }
        text = rest;
    }
    true
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_a_noun_and_a_verb() {
        for (text, well_formed) in [
            ("transactions:read", true),
            ("identity:forward", true),
            ("psd2-accounts:read-1", true),
            ("", false),
            (":", false),
            ("read", false),
            ("transactions:", false),
            (":read", false),
            ("transactions:*", false),
            ("*", false),
            ("Transactions:read", false),
            ("1transactions:read", false),
            ("transactions:1read", false),
            ("-a:b", false),
            ("a:b:c", false),
            ("a:b ", false),
            ("transactions:réad", false),
        ] {
            assert_eq!(
                text.parse::<PermissionName>().is_ok(),
                well_formed,
                "{text}"
            );
        }
    }
}

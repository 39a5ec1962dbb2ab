use std::fmt;
use std::str::FromStr;

use crate::name::is_host;
use crate::{Name, NameError, Scheme};

/// Names of one kind for which a trust may vouch: one name, or all that share an end.
///
/// A kind, a colon, and a value that is exact or has one `*`, at its beginning or at its end and
/// at a border: a path segment for SPIFFE IDs and URIs, a label for DNS, the domain for e-mail,
/// a character that is not a letter or digit for commonName. The `*` stands for at least one
/// character; `dns:*.partner.example` does not match `partner.example`.
///
/// ```
/// use countersign_identity::NamePattern;
///
/// let pattern: NamePattern = "spiffe://partner.example/*".parse()?;
/// assert!(pattern.matches(&"spiffe://partner.example/billing".parse()?));
/// assert!(!pattern.matches(&"spiffe://partner.example.evil/billing".parse()?));
/// assert!("spiffe://partner*".parse::<NamePattern>().is_err());
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    scheme: Scheme,
    shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Exact(Name),
    Prefix(String),
    Suffix(String),
}

impl NamePattern {
    /// The kind of name that it matches.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether `name` is of the kind and has the form.
    pub fn matches(&self, name: &Name) -> bool {
        if self.scheme != name.scheme() {
            return false;
        }
        let value = name.value();
        match &self.shape {
            Shape::Exact(exact) => exact == name,
            Shape::Prefix(prefix) => value.len() > prefix.len() && value.starts_with(prefix),
            Shape::Suffix(suffix) => value.len() > suffix.len() && value.ends_with(suffix),
        }
    }
}

impl FromStr for NamePattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, value) = Scheme::split(text)?;
        let malformed = |wanted| NameError::Malformed {
            name: text.to_owned(),
            wanted,
        };
        let shape = match (value.strip_prefix('*'), value.strip_suffix('*')) {
            (None, None) => Shape::Exact(text.parse()?),
            (Some(_), Some(_)) => return Err(malformed("one `*`")),
            (Some(suffix), None) => Shape::Suffix(
                read_suffix(scheme, suffix)
                    .ok_or_else(|| malformed("`dns:*.domain` or `email:*@domain`"))?,
            ),
            (None, Some(prefix)) => Shape::Prefix(
                read_prefix(scheme, prefix).ok_or_else(|| malformed("a `*` behind a border"))?,
            ),
        };
        Ok(Self { scheme, shape })
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Exact(name) => name.fmt(f),
            Shape::Prefix(prefix) => write!(f, "{}{prefix}*", self.scheme.prefix()),
            Shape::Suffix(suffix) => write!(f, "{}*{suffix}", self.scheme.prefix()),
        }
    }
}

fn read_suffix(scheme: Scheme, suffix: &str) -> Option<String> {
    let border = match scheme {
        Scheme::Dns => '.',
        Scheme::Email => '@',
        _ => return None,
    };
    let domain = suffix.strip_prefix(border)?;
    is_host(domain).then(|| suffix.to_ascii_lowercase())
}

fn read_prefix(scheme: Scheme, prefix: &str) -> Option<String> {
    let bordered = match scheme {
        Scheme::CommonName => {
            let border = |character: char| !character.is_alphanumeric() && character != '*';
            prefix.chars().next_back().is_some_and(border)
        }
        // The authority must be complete: the names that match are then all of one authority.
        Scheme::Spiffe => {
            format!("{prefix}x").parse::<crate::SpiffeId>().is_ok() && prefix.ends_with('/')
        }
        Scheme::Uri => has_authority(prefix) && prefix.ends_with('/'),
        Scheme::Dns | Scheme::Email => false,
    };
    (bordered && !prefix.contains('*')).then(|| prefix.to_owned())
}

fn has_authority(prefix: &str) -> bool {
    let rest = prefix.split_once("://").map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split_once('/'))
        .is_some_and(|(authority, _)| !authority.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_what_lies_within_its_border() {
        for (pattern, name, matches) in [
            ("spiffe://a.example/*", "spiffe://a.example/x", true),
            ("spiffe://a.example/*", "spiffe://a.example/x/y", true),
            ("spiffe://a.example/*", "spiffe://b.example/x", false),
            ("spiffe://a.example/x", "spiffe://a.example/x", true),
            ("spiffe://a.example/x", "spiffe://a.example/xy", false),
            ("spiffe://a.example/ns/*", "spiffe://a.example/nsx", false),
            ("dns:*.a.example", "dns:api.a.example", true),
            ("dns:*.a.example", "dns:a.b.A.example", true),
            ("dns:*.a.example", "dns:a.example", false),
            ("dns:*.a.example", "dns:eviLa.example", false),
            ("dns:*.a.example", "cn:api.a.example", false),
            ("email:*@a.example", "email:ops@a.example", true),
            ("email:*@a.example", "email:ops@b.a.example", false),
            ("cn:acme-*", "cn:acme-billing", true),
            ("cn:acme-*", "cn:acme", false),
            ("cn:acme-*", "cn:acme-", false),
            ("uri:https://a.example/*", "uri:https://a.example/x", true),
            (
                "uri:https://a.example/*",
                "uri:https://a.example.b/x",
                false,
            ),
        ] {
            let parsed: NamePattern = pattern.parse().unwrap();
            assert_eq!(parsed.to_string(), pattern);
            assert_eq!(
                parsed.matches(&name.parse().unwrap()),
                matches,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn a_pattern_that_would_match_too_much_is_refused() {
        for pattern in [
            "*",
            "dns:*",
            "cn:*",
            "uri:*",
            "email:*",
            "spiffe://*",
            "spiffe://a*",
            "spiffe://a.example*",
            "spiffe://a.example/x*",
            "spiffe://*/x",
            "dns:*a.example",
            "dns:api.*",
            "dns:*.*",
            "dns:a*.example",
            "email:ops@*",
            "uri:https://*",
            "uri:https:///*",
            "cn:acme*",
            "acme-*",
            "",
        ] {
            assert!(pattern.parse::<NamePattern>().is_err(), "{pattern}");
        }
    }
}

use std::fmt;
use std::str::FromStr;

use crate::name::is_host;
use crate::{CanonicalName, DistinguishedName, Name, NameError, Scheme, organization};

/// Names of one kind for which a trust may vouch: one name, or all that share an end.
///
/// A kind, a colon, and a value that is exact or has one `*`, at its beginning or at its end and
/// at a border: a path segment for SPIFFE IDs and URIs, a label for DNS, the domain for e-mail,
/// an RDN for distinguished names, the number for organizations, a character that is not a letter or
/// digit for commonName; addresses, pins and thumbprints are exact. The `*` stands for at least one
/// character; `dns:*.partner.example` does not match `partner.example`.
///
/// ```
/// use countersign_identity::NamePattern;
///
/// let pattern: NamePattern = "spiffe://partner.example/*".parse()?;
/// assert!(pattern.matches(&"spiffe://partner.example/billing".parse()?));
/// assert!(!pattern.matches(&"spiffe://partner.example.evil/billing".parse()?));
/// assert!("spiffe://partner*".parse::<NamePattern>().is_err());
///
/// let pattern: NamePattern = "dn:*,O=Acme,C=SE".parse()?;
/// assert!(pattern.matches(&"dn:CN=Billing,O=ACME,C=SE".parse()?));
///
/// let pattern: NamePattern = "org:PSDGB-FCA-*".parse()?;
/// assert!(pattern.matches(&"org:PSDGB-FCA-123456".parse()?));
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    scheme: Scheme,
    shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Below(CanonicalName),
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
        match (&self.shape, name) {
            (Shape::Exact(exact), _) => exact == name,
            (Shape::Below(above), Name::DistinguishedName(name)) => name.is_below(above),
            (Shape::Below(_), _) => false,
            (Shape::Prefix(prefix), _) => {
                let value = name.value();
                value.len() > prefix.len() && value.starts_with(prefix)
            }
            (Shape::Suffix(suffix), _) => {
                let value = name.value();
                value.len() > suffix.len() && value.ends_with(suffix)
            }
        }
    }
}

impl FromStr for NamePattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, value) = Scheme::split(text)?;
        let shape = match scheme {
            Scheme::DistinguishedName => read_branch(text, value)?,
            _ => read_shape(scheme, text, value)?,
        };
        Ok(Self { scheme, shape })
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shape {
            Shape::Below(above) => write!(f, "{}*,{above}", self.scheme.prefix()),
            Shape::Exact(name) => name.fmt(f),
            Shape::Prefix(prefix) => write!(f, "{}{prefix}*", self.scheme.prefix()),
            Shape::Suffix(suffix) => write!(f, "{}*{suffix}", self.scheme.prefix()),
        }
    }
}

/// Everything below a distinguished name, or one. A `*` elsewhere is a character like any other.
fn read_branch(text: &str, value: &str) -> Result<Shape, NameError> {
    match value.strip_prefix("*,") {
        None => text.parse().map(Shape::Exact),
        Some("") => Err(NameError::Malformed {
            name: text.to_owned(),
            wanted: "a distinguished name behind `*,`",
        }),
        Some(above) => {
            let above: DistinguishedName = above.parse()?;
            Ok(Shape::Below(above.canonical()))
        }
    }
}

fn read_shape(scheme: Scheme, text: &str, value: &str) -> Result<Shape, NameError> {
    let malformed = |wanted| NameError::Malformed {
        name: text.to_owned(),
        wanted,
    };
    // No name has one: the pattern would match nothing, and nobody would see why.
    if value.chars().any(char::is_control) {
        return Err(malformed("text without control characters"));
    }
    match (value.strip_prefix('*'), value.strip_suffix('*')) {
        (None, None) => text.parse().map(Shape::Exact),
        (Some(_), Some(_)) => Err(malformed("one `*`")),
        (Some(suffix), None) => read_suffix(scheme, suffix)
            .map(Shape::Suffix)
            .ok_or_else(|| malformed("`dns:*.domain`, `email:*@domain` or `dn:*,O=…`")),
        (None, Some(prefix)) => read_prefix(scheme, prefix)
            .map(Shape::Prefix)
            .ok_or_else(|| malformed("a `*` behind a border")),
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
        Scheme::Organization => organization::number_start(prefix) == Some(prefix.len()),
        Scheme::DistinguishedName
        | Scheme::Dns
        | Scheme::Email
        | Scheme::Ip
        | Scheme::Pin
        | Scheme::Thumbprint => false,
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
            ("dn:*,O=acme", "dn:CN=billing,O=acme", true),
            ("dn:*,O=acme", "dn:CN=billing,OU=x,O=Acme", true),
            ("dn:*,O=acme", "dn:O=acme", false),
            ("dn:*,O=acme", "dn:CN=billing+O=acme", false),
            (r"dn:*,O=acme", r"dn:CN=a\\,O=acme", true),
            // One value that reads like two RDNs.
            ("dn:*,title=x", r"dn:CN=a\,title=x", false),
            ("dn:*,title=x", r"dn:CN=a\\\,title=x", false),
            ("dn:*,title=x", r"dn:CN=a\\,title=x", true),
            ("dn:*,O=acme,C=se", "dn:CN=a,O=acme", false),
            ("dn:O=acme*", "dn:O=acme*", true),
            ("org:PSDGB-FCA-*", "org:PSDGB-FCA-123456", true),
            ("org:PSDGB-FCA-*", "org:PSDGB-FCB-123456", false),
            ("org:NTRGB-*", "org:NTRGB-1", true),
            ("org:NTRGB-*", "org:NTRFR-1", false),
            ("ip:192.0.2.7", "ip:192.0.2.7", true),
            ("ip:192.0.2.7", "ip:192.0.2.70", false),
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
            "cn:acme\0-*",
            "cn:acme\u{1b}-*",
            "uri:https://a.example/\n/*",
            "acme-*",
            "dn:*",
            "dn:*,",
            "dn:*O=acme",
            "dn:*,*,O=acme",
            "dn:CN=a,*",
            "org:*",
            "org:PSD*",
            "org:PSDGB-*",
            "org:PSDGB-FCA*",
            "org:PSDGB-FCA-1*",
            "ip:*",
            "ip:192.0.2.*",
            "pin:sha256/*",
            "x5t:*",
            "",
        ] {
            assert!(pattern.parse::<NamePattern>().is_err(), "{pattern}");
        }
    }
}

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Certificate, IdentityError, Name, NameError, NamePattern, Scheme};

/// Which trust vouched for a certificate, and the one name in it.
///
/// Two trusts can vouch for the same name; those are two identities. So a CA that we trust for one
/// group of callers can never mint a caller of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    trust: TrustName,
    name: Name,
}

impl Identity {
    /// The identity for which `trust`, whose rules are `rules`, vouches in `certificate`.
    ///
    /// That the trust *does* vouch, by a verified path, is for the caller to have proven.
    ///
    /// # Errors
    ///
    /// The certificate has not exactly one readable name of the trust's kind, or the trust may not
    /// vouch for it.
    pub fn of(
        certificate: &Certificate,
        trust: &TrustName,
        rules: &NameRules,
    ) -> Result<Self, IdentityError> {
        let name = rules.scheme.name_in(certificate)?;
        if !rules.allow(&name) {
            return Err(IdentityError::NotAllowed {
                trust: trust.clone(),
                name,
            });
        }
        Ok(Self::new(trust.clone(), name))
    }

    /// The identity `name` under `trust`, as a policy writes it down.
    pub fn new(trust: TrustName, name: Name) -> Self {
        Self { trust, name }
    }

    /// The trust that vouched.
    pub fn trust(&self) -> &TrustName {
        &self.trust
    }

    /// The one name.
    pub fn name(&self) -> &Name {
        &self.name
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.trust, self.name)
    }
}

/// Which names a trust may vouch for, and which kind of name identifies its holders.
///
/// X.509 name constraints bind only names of their own kind, and never a commonName; so the rule
/// is kept here and not in the CA. No pattern allows no name.
///
/// ```
/// use countersign_identity::{NameRules, Scheme};
///
/// let rules = NameRules::new(Scheme::Dns, ["dns:*.partner.example".parse()?]);
/// assert!(rules.allow(&"dns:api.partner.example".parse()?));
/// assert!(!rules.allow(&"cn:admin".parse()?));
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameRules {
    scheme: Scheme,
    patterns: Vec<NamePattern>,
}

impl NameRules {
    /// Names of kind `scheme` that match one of `patterns`.
    pub fn new(scheme: Scheme, patterns: impl IntoIterator<Item = NamePattern>) -> Self {
        Self {
            scheme,
            patterns: patterns.into_iter().collect(),
        }
    }

    /// The kind of name that identifies.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The names, as patterns.
    pub fn patterns(&self) -> &[NamePattern] {
        &self.patterns
    }

    /// Whether the trust may vouch for `name`.
    pub fn allow(&self, name: &Name) -> bool {
        self.allowing(name).is_some()
    }

    /// The first pattern by which the trust may vouch for `name`.
    pub fn allowing(&self, name: &Name) -> Option<&NamePattern> {
        self.patterns.iter().find(|pattern| pattern.matches(name))
    }
}

/// What a trust is called in configuration, policy and the audit log. Cheap to clone.
///
/// Lower-case letters, digits and dashes, beginning with a letter, at most 63 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrustName(Arc<str>);

impl TrustName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// The text has another form.
    pub fn new(name: impl AsRef<str>) -> Result<Self, NameError> {
        let name = name.as_ref();
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let fits = name.len() <= 63
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(plain);
        if fits {
            return Ok(Self(name.into()));
        }
        Err(NameError::Malformed {
            name: name.to_owned(),
            wanted: "lower-case letters, digits and dashes, beginning with a letter",
        })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrustName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TrustName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

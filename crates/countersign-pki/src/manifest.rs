//! What do I want? A [`Manifest`]: authorities and certificates by name, checked as a whole.
//!
//! A manifest holds no date and no key. The TOML that it is read from is in `document.rs`. A range, the
//! `count` of a certificate, is written out here: one entry for each number.

use crate::constraints::NameConstraints;
use crate::crl::RevocationReason;
use crate::document::{Document, Fault};
use crate::error::ManifestError;
use crate::key::KeyKind;
use crate::name::Name;
use crate::psd2::{Nca, QcType, Qualified, Role};
use crate::subject::Subject;
use crate::usage::{KeyUsage, Usage};
use crate::validity::{Lifetime, Share, When};
use crate::variant::FixtureEntry;

/// The authorities and certificates that somebody wants; every issuer exists and comes first.
///
/// ```
/// use countersign_pki::{Manifest, ManifestError};
///
/// let error = Manifest::parse("version = 1\n[authority.root]\nsubjekt = \"Test Root\"\n").unwrap_err();
/// assert!(matches!(error, ManifestError::Syntax { line: 3, column: 1, .. }));
/// assert!(error.to_string().starts_with("line 3, column 1: unknown field `subjekt`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    pub(crate) settings: Settings,
    pub(crate) authorities: Vec<AuthorityEntry>,
    pub(crate) certificates: Vec<CertificateEntry>,
    pub(crate) fixtures: Vec<FixtureEntry>,
}

impl Manifest {
    /// Reads a manifest in TOML, as `fixtures/pki.toml` is written.
    ///
    /// # Errors
    /// [`ManifestError`] with the line and the column of the first mistake.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let document: Document = toml::from_str(text).map_err(|error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            let reason = error.message().replace('\n', ", ");
            ManifestError::Syntax {
                line,
                column,
                reason,
            }
        })?;
        Self::try_from(document).map_err(|Fault { offset, item, flaw }| {
            let (line, column) = position(text, offset);
            ManifestError::Flawed {
                line,
                column,
                item,
                flaw,
            }
        })
    }

    /// Adds names to every certificate with the profile `server`. A name that is there already stays
    /// as it is, so that a command line can be repeated.
    ///
    /// # Errors
    /// [`ManifestError::ServerName`] for a name that is none, [`ManifestError::NoServer`] if there is
    /// no certificate to add it to.
    pub fn with_server_names(
        mut self,
        names: impl IntoIterator<Item = Name>,
    ) -> Result<Self, ManifestError> {
        for name in names {
            if let Some(reason) = name.flaw() {
                return Err(ManifestError::ServerName {
                    name: name.to_string(),
                    reason,
                });
            }
            let mut servers = self.servers().peekable();
            if servers.peek().is_none() {
                return Err(ManifestError::NoServer {
                    name: name.to_string(),
                });
            }
            for server in servers {
                server.add(name.clone());
            }
        }
        Ok(self)
    }

    /// Whether everything of that manifest is in this one too; names may have been added.
    pub fn holds(&self, other: &Self) -> bool {
        let has = |wanted: &CertificateEntry| {
            let same_but_for_names = |entry: &CertificateEntry| {
                let names = wanted.names.clone();
                let all = names.iter().all(|name| entry.names.contains(name));
                let entry = entry.clone();
                all && CertificateEntry { names, ..entry } == *wanted
            };
            self.certificates.iter().any(same_but_for_names)
        };
        self.settings == other.settings
            && other
                .authorities
                .iter()
                .all(|a| self.authorities.contains(a))
            && other.certificates.iter().all(has)
            && other.fixtures.iter().all(|f| self.fixtures.contains(f))
    }

    /// What that authority publishes; nothing if it is none of this manifest.
    pub(crate) fn published_by(&self, authority: Option<&str>) -> Published {
        let mut all = self.authorities.iter();
        let found = all.find(|entry| Some(entry.name.as_str()) == authority);
        found
            .map(|entry| entry.published.clone())
            .unwrap_or_default()
    }

    fn servers(&mut self) -> impl Iterator<Item = &mut CertificateEntry> {
        self.certificates
            .iter_mut()
            .filter(|entry| entry.profile.base == Base::Server)
    }
}

/// An authority that somebody wants. Without an issuer it is a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthorityEntry {
    pub(crate) name: String,
    pub(crate) issuer: Option<String>,
    pub(crate) subject: Subject,
    pub(crate) lifetime: Lifetime,
    pub(crate) path_len: u8,
    /// None: P-256, and whatever is in place already.
    pub(crate) key: Option<KeyKind>,
    pub(crate) key_usage: Vec<KeyUsage>,
    /// For which names it may vouch.
    pub(crate) constraints: NameConstraints,
    pub(crate) published: Published,
    pub(crate) withdrawn: Option<Withdrawn>,
}

/// Where an authority says what it has revoked and what its certificate is: stated in what it issues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) crl: Option<String>,
    pub(crate) ocsp: Option<String>,
    pub(crate) ca_issuers: Option<String>,
    /// How long its revocation list counts, if that is said.
    pub(crate) next_update: Option<Lifetime>,
}

/// A certificate that is to be on its issuer's revocation list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Withdrawn {
    pub(crate) reason: RevocationReason,
    /// Since when; none is since it is first seen.
    pub(crate) at: Option<When>,
}

/// A leaf that somebody wants. It has a name: a common name, an organisation's, or at least one other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificateEntry {
    pub(crate) name: String,
    /// The entry that it stands under, which names it or a whole range.
    pub(crate) entry: String,
    pub(crate) issuer: String,
    pub(crate) profile: Profile,
    pub(crate) lifetime: Lifetime,
    pub(crate) subject: Subject,
    pub(crate) names: Vec<Name>,
    /// None: P-256, and whatever is in place already.
    pub(crate) key: Option<KeyKind>,
    pub(crate) key_usage: Vec<KeyUsage>,
    /// What it states as a payment service provider's.
    pub(crate) psd2: Option<Qualified>,
    pub(crate) withdrawn: Option<Withdrawn>,
}

impl CertificateEntry {
    fn add(&mut self, name: Name) {
        if !self.names.iter().any(|known| known.same_as(&name)) {
            self.names.push(name);
        }
    }
}

/// What kind of leaf: decides its purposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) name: String,
    /// The profile of ours that it rests on.
    pub(crate) base: Base,
    pub(crate) usage: Vec<Usage>,
    pub(crate) key_usage: Vec<KeyUsage>,
    pub(crate) key: Option<KeyKind>,
    /// What certificates state that do not say themselves.
    pub(crate) psd2: Option<StatementParts>,
    /// For certificates that do not say themselves how long they live.
    pub(crate) lifetime: Lifetime,
}

/// The profiles that there are from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Server,
    Client,
    /// Shaped like a qualified website certificate: for TLS at both ends.
    Qwac,
    /// Shaped like a qualified seal certificate: for messages.
    Qseal,
}

impl Base {
    pub(crate) const ALL: [Self; 4] = [Self::Server, Self::Client, Self::Qwac, Self::Qseal];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Qwac => "qwac",
            Self::Qseal => "qseal",
        }
    }

    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|base| base.as_str() == text)
    }
}

/// What is said of a payment service provider, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StatementParts {
    pub(crate) kind: Option<QcType>,
    pub(crate) nca: Option<Nca>,
    pub(crate) roles: Option<Vec<Role>>,
    pub(crate) compliance: Option<bool>,
    pub(crate) pds: Option<Vec<(String, String)>>,
}

/// What holds for all items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How much of its lifetime a certificate has left when it is renewed.
    pub(crate) renew_within: Share,
    /// How long before its issue a certificate starts.
    pub(crate) backdate: Lifetime,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            renew_within: Share::THIRD,
            backdate: Lifetime::BACKDATE,
        }
    }
}

/// Line and column, both from 1; columns count characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let start_of_line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before
        .get(start_of_line..)
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (before.matches('\n').count() + 1, column)
}

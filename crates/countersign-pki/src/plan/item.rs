//! What is one of the things to be made? An [`Item`]: a key and what its certificate says.

use std::fmt;

use crate::authority::Authority;
use crate::constraints::NameConstraints;
use crate::error::IssueError;
use crate::extension::Extension;
use crate::issued::Issued;
use crate::key::{Key, KeyKind};
use crate::manifest::{AuthorityEntry, CertificateEntry, Profile, Published, Withdrawn};
use crate::moment::Moment;
use crate::name::Name;
use crate::psd2::Qualified;
use crate::request::Request;
use crate::subject::{Attribute, Subject};
use crate::usage::{KeyUsage, Usage};
use crate::validity::{Lifetime, Validity};

/// One key and its certificate.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    /// The entry of the manifest: the same name, or that of a range.
    pub(super) entry: String,
    pub(crate) issuer: Option<String>,
    pub(crate) validity: Validity,
    pub(crate) lifetime: Lifetime,
    pub(crate) subject: Subject,
    /// None: P-256, and whatever is in place already.
    pub(crate) key: Option<KeyKind>,
    pub(crate) key_usage: Vec<KeyUsage>,
    /// What its issuer publishes.
    published: Published,
    pub(crate) withdrawn: Option<Withdrawn>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Authority {
        path_len: u8,
        constraints: NameConstraints,
        /// Whether it says where its revocation list is, and how long that counts.
        list: List,
    },
    Leaf {
        profile: Profile,
        names: Vec<Name>,
        psd2: Option<Box<Qualified>>,
    },
}

/// What a manifest says of an authority's revocation list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    /// There is one whether anything was revoked or not.
    pub(crate) is_published: bool,
    pub(crate) lifetime: Option<Lifetime>,
}

/// What an item became.
#[derive(Debug)]
pub(crate) enum Made {
    Authority(Authority),
    Leaf(Issued),
}

impl Item {
    pub(super) fn of_authority(
        entry: &AuthorityEntry,
        validity: Validity,
        published: Published,
    ) -> Self {
        let entry = entry.clone();
        let list = List {
            is_published: entry.published.crl.is_some(),
            lifetime: entry.published.next_update,
        };
        Self {
            entry: entry.name.clone(),
            name: entry.name,
            issuer: entry.issuer,
            validity,
            lifetime: entry.lifetime,
            subject: entry.subject,
            key: entry.key,
            key_usage: entry.key_usage,
            published,
            withdrawn: entry.withdrawn,
            kind: Kind::Authority {
                path_len: entry.path_len,
                constraints: entry.constraints,
                list,
            },
        }
    }

    pub(super) fn of_certificate(
        entry: &CertificateEntry,
        validity: Validity,
        published: Published,
    ) -> Self {
        let entry = entry.clone();
        Self {
            name: entry.name,
            entry: entry.entry,
            issuer: Some(entry.issuer),
            validity,
            lifetime: entry.lifetime,
            subject: entry.subject,
            key: entry.key,
            key_usage: entry.key_usage,
            published,
            withdrawn: entry.withdrawn,
            kind: Kind::Leaf {
                profile: entry.profile,
                names: entry.names,
                psd2: entry.psd2.map(Box::new),
            },
        }
    }

    pub(crate) fn is_authority(&self) -> bool {
        matches!(self.kind, Kind::Authority { .. })
    }

    /// A new key for it.
    pub(crate) fn new_key(&self, moment: &Moment) -> Result<Key, IssueError> {
        moment.new_key(&self.name, self.new_key_kind())
    }

    /// The key that comes after this one.
    pub(crate) fn next_key(&self, moment: &Moment, old: &Key) -> Result<Key, IssueError> {
        moment.next_key(&self.name, self.new_key_kind(), old)
    }

    /// Of which kind a new key is.
    fn new_key_kind(&self) -> KeyKind {
        self.key.unwrap_or_default()
    }

    /// Whether the manifest asks for a key of another kind than that one has.
    pub(crate) fn wants_another_key(&self, key: &Key) -> Option<KeyKind> {
        self.key.filter(|wanted| key.kind() != Some(*wanted))
    }

    /// What the manifest says of its revocation list, if it is an authority.
    pub(crate) fn list(&self) -> Option<List> {
        match &self.kind {
            Kind::Authority { list, .. } => Some(*list),
            Kind::Leaf { .. } => None,
        }
    }

    /// What its certificate states beside the usual extensions.
    pub(crate) fn extensions(&self) -> Vec<Extension> {
        let Published {
            crl,
            ocsp,
            ca_issuers,
            ..
        } = &self.published;
        let own = match &self.kind {
            Kind::Authority { constraints, .. } if !constraints.is_empty() => {
                vec![Extension::name_constraints(constraints)]
            }
            Kind::Leaf { psd2, .. } => psd2.iter().flat_map(|psd2| psd2.extensions()).collect(),
            Kind::Authority { .. } => Vec::new(),
        };
        let access = (ocsp.is_some() || ca_issuers.is_some()).then(|| {
            let issuers = ca_issuers.as_deref();
            Extension::authority_information_access(ocsp.as_deref(), issuers)
        });
        let crl = crl
            .as_deref()
            .map(|url| Extension::crl_distribution_points([url]));
        own.into_iter().chain(access).chain(crl).collect()
    }

    /// Certifies the key as this item. The issuer in place may end before the planned one would.
    pub(crate) fn issue(
        &self,
        issuer: Option<&Authority>,
        key: Key,
        moment: &Moment,
    ) -> Result<Made, IssueError> {
        let request = self.request(issuer, moment)?;
        let request = moment.seeded(request.for_key(&key), &self.name);
        match self.is_authority() {
            true => request.issue_authority().map(Made::Authority),
            false => request.issue().map(Made::Leaf),
        }
    }

    /// Asks for its certificate, for a new key unless told otherwise.
    pub(crate) fn request<'a>(
        &self,
        issuer: Option<&'a Authority>,
        moment: &Moment,
    ) -> Result<Request<'a>, IssueError> {
        let request = match (&self.kind, issuer) {
            (Kind::Authority { path_len, .. }, _) => {
                let within = issuer.map(|issuer| issuer.limit(self.validity, moment.now));
                let validity = within.unwrap_or(Ok(self.validity))?;
                Authority::certification(self.subject.clone(), *path_len, validity, issuer)?
            }
            (Kind::Leaf { profile, names, .. }, Some(issuer)) => {
                let request = Request::new(issuer, Usage::Client, moment.now)
                    .extended_key_usage(&profile.usage)
                    .at_most(self.validity)
                    .subject(self.subject.clone());
                names.iter().cloned().fold(request, Request::name)
            }
            (Kind::Leaf { .. }, None) => return Err(self.without_issuer()),
        };
        let request = request.key_usage(&self.key_usage).key(self.new_key_kind());
        Ok(self
            .extensions()
            .into_iter()
            .fold(request, Request::extension))
    }

    /// A manifest gives every leaf an issuer, so this is said of none.
    fn without_issuer(&self) -> IssueError {
        let name = self.issuer.clone().unwrap_or_default();
        IssueError::UnknownItem {
            wanted: "authority",
            name,
            known: "none".to_owned(),
        }
    }
}

/// Printing.
impl Item {
    fn write_subject(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_more = self.subject.attributes().nth(1).is_some();
        match self.subject.get(Attribute::CommonName) {
            _ if self.subject.is_empty() => write!(f, " subject=empty"),
            Some(name) if !has_more => write!(f, " cn={name:?}"),
            _ => write!(f, " subject=\"{}\"", self.subject),
        }
    }

    fn write_key_usage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usage = self.key_usage.iter().map(|usage| usage.as_str());
        write!(f, " key_usage={}", joined(usage))
    }

    fn write_locations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Published {
            crl,
            ocsp,
            ca_issuers,
            ..
        } = &self.published;
        for (word, url) in [("crl", crl), ("ocsp", ocsp), ("ca_issuers", ca_issuers)] {
            if let Some(url) = url {
                write!(f, " {word}={url}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = self.issuer.as_deref().unwrap_or("self");
        match &self.kind {
            Kind::Authority {
                path_len,
                constraints,
                ..
            } => {
                write!(f, "authority issuer={issuer}")?;
                self.write_subject(f)?;
                write!(f, " path_len={path_len}")?;
                self.write_key_usage(f)?;
                if !constraints.is_empty() {
                    write!(f, " constraints={constraints}")?;
                }
            }
            Kind::Leaf {
                profile,
                names,
                psd2,
            } => {
                write!(f, "{} issuer={issuer}", profile.name)?;
                self.write_subject(f)?;
                write!(f, " names={}", joined(names))?;
                self.write_key_usage(f)?;
                let purposes = profile.usage.iter().map(|usage| usage.name());
                write!(f, " extended={}", joined(purposes))?;
                if let Some(psd2) = psd2 {
                    write!(f, " {}", psd2.statements)?;
                }
            }
        }
        self.write_locations(f)?;
        if let Some(withdrawn) = self.withdrawn {
            write!(f, " revoked={}", withdrawn.reason)?;
        }
        let (key, ttl) = (self.new_key_kind(), self.lifetime);
        let Validity { from, until } = self.validity;
        write!(f, " key={key} ttl={ttl} from={from} until={until}")
    }
}

fn joined(words: impl IntoIterator<Item: ToString>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
    words.join(",")
}

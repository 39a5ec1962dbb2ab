//! What will be made? A [`Plan`]: a manifest at a moment, in order, with every default filled in.
//!
//! A plan can be printed, issued in memory, or [applied](crate::Store::apply) to a folder. Making one
//! makes no key and touches no file.

use std::fmt;

use jiff::Timestamp;
use rcgen::KeyPair;

use crate::authority::{Authority, new_key};
use crate::error::IssueError;
use crate::issued::Issued;
use crate::manifest::{AuthorityEntry, CertificateEntry, Manifest, Profile};
use crate::name::Name;
use crate::pki::Pki;
use crate::request::{Request, Usage};
use crate::validity::{Lifetime, Validity};

/// The items of a manifest, issuers before what they issue, with the dates that they get at `now`.
///
/// ```
/// use countersign_pki::{Manifest, Plan};
///
/// let manifest = Manifest::parse(countersign_pki::DEV_MANIFEST)?;
/// let plan = Plan::new(&manifest, "2026-08-01T12:00:00Z".parse::<jiff::Timestamp>()?);
///
/// let printed = plan.to_string();
/// let server = printed.lines().find(|line| line.starts_with("server ")).unwrap();
/// assert!(server.contains("issuer=issuing"));
/// assert!(server.contains("names=dns:localhost,ip:127.0.0.1,ip:::1"));
/// assert!(server.contains("until=2026-08-31T12:00:00Z"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    now: Timestamp,
    items: Vec<Item>,
}

impl Plan {
    /// Puts the items in order and gives each its dates: never beyond its issuer's.
    pub fn new(manifest: &Manifest, now: Timestamp) -> Self {
        let mut plan = Self {
            now,
            items: Vec::new(),
        };
        for entry in &manifest.authorities {
            let validity = plan.dates(entry.lifetime, entry.issuer.as_deref());
            plan.items.push(Item::of_authority(entry, validity));
        }
        for entry in &manifest.certificates {
            let validity = plan.dates(entry.lifetime, Some(&entry.issuer));
            plan.items.push(Item::of_certificate(entry, validity));
        }
        plan
    }

    /// The moment at which the plan was made.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The names of the items, in the order in which they are made.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| item.name.as_str())
    }

    /// Makes everything with new keys, in memory.
    ///
    /// # Errors
    /// [`IssueError`] if a date does not fit into a certificate or no key can be made.
    pub fn issue(&self) -> Result<Pki, IssueError> {
        let mut pki = Pki::default();
        for item in &self.items {
            let made = item.issue(pki.issuer_of(item)?, new_key()?, self.now)?;
            pki.extend(&item.name, Some(made));
        }
        Ok(pki)
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    fn dates(&self, lifetime: Lifetime, issuer: Option<&str>) -> Validity {
        let wanted = Validity::starting(self.now, lifetime);
        let issuer = issuer.and_then(|name| self.items.iter().find(|item| item.name == name));
        issuer.map_or(wanted, |issuer| wanted.within(issuer.validity))
    }
}

impl fmt::Display for Plan {
    /// One line for each item.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.names().map(str::len).max().unwrap_or_default();
        for item in &self.items {
            writeln!(f, "{:width$}  {item}", item.name)?;
        }
        Ok(())
    }
}

/// One key and its certificate.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) issuer: Option<String>,
    validity: Validity,
    lifetime: Lifetime,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Authority {
        subject: String,
        path_len: u8,
    },
    Leaf {
        profile: Profile,
        common_name: Option<String>,
        names: Vec<Name>,
    },
}

/// What an item became.
#[derive(Debug)]
pub(crate) enum Made {
    Authority(Authority),
    Leaf(Issued),
}

impl Item {
    fn of_authority(entry: &AuthorityEntry, validity: Validity) -> Self {
        let AuthorityEntry {
            name,
            issuer,
            subject,
            lifetime,
            path_len,
        } = entry.clone();
        Self {
            name,
            issuer,
            validity,
            lifetime,
            kind: Kind::Authority { subject, path_len },
        }
    }

    fn of_certificate(entry: &CertificateEntry, validity: Validity) -> Self {
        let CertificateEntry {
            name,
            issuer,
            profile,
            lifetime,
            common_name,
            names,
        } = entry.clone();
        let kind = Kind::Leaf {
            profile,
            common_name,
            names,
        };
        Self {
            name,
            issuer: Some(issuer),
            validity,
            lifetime,
            kind,
        }
    }

    pub(crate) fn is_authority(&self) -> bool {
        matches!(self.kind, Kind::Authority { .. })
    }

    /// The subject alternative names that the item should have.
    pub(crate) fn names(&self) -> &[Name] {
        match &self.kind {
            Kind::Authority { .. } => &[],
            Kind::Leaf { names, .. } => names,
        }
    }

    /// Certifies the key as this item. The issuer in place may end before the planned one would.
    pub(crate) fn issue(
        &self,
        issuer: Option<&Authority>,
        key: KeyPair,
        now: Timestamp,
    ) -> Result<Made, IssueError> {
        match (&self.kind, issuer) {
            (Kind::Authority { subject, path_len }, _) => {
                let validity = issuer.map_or(Ok(self.validity), |i| i.limit(self.validity, now))?;
                Authority::certify(subject, *path_len, validity, issuer, key).map(Made::Authority)
            }
            (
                Kind::Leaf {
                    profile,
                    common_name,
                    names,
                },
                Some(issuer),
            ) => {
                let mut request = Request::new(issuer, profile.usage(), now).at_most(self.validity);
                if let Some(name) = common_name {
                    request = request.common_name(name);
                }
                names
                    .iter()
                    .cloned()
                    .fold(request, Request::name)
                    .issue_for(key)
                    .map(Made::Leaf)
            }
            (Kind::Leaf { .. }, None) => Err(self.without_issuer()),
        }
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

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuer = self.issuer.as_deref().unwrap_or("self");
        let Validity { from, until } = self.validity;
        match &self.kind {
            Kind::Authority { subject, path_len } => {
                write!(
                    f,
                    "authority issuer={issuer} cn={subject:?} path_len={path_len}"
                )?;
                write!(f, " key_usage=keyCertSign,cRLSign")?;
            }
            Kind::Leaf {
                profile,
                common_name,
                names,
            } => {
                write!(f, "{} issuer={issuer}", profile.word())?;
                match common_name {
                    Some(name) => write!(f, " cn={name:?}")?,
                    None => write!(f, " subject=empty")?,
                }
                let names: Vec<String> = names.iter().map(Name::to_string).collect();
                write!(f, " names={}", names.join(","))?;
                write!(
                    f,
                    " key_usage=digitalSignature extended={}",
                    profile.purpose()
                )?;
            }
        }
        write!(
            f,
            " key=p256 ttl={} from={from} until={until}",
            self.lifetime
        )
    }
}

impl Profile {
    fn usage(self) -> Usage {
        match self {
            Self::Server => Usage::Server,
            Self::Client => Usage::Client,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Server => "serverAuth",
            Self::Client => "clientAuth",
        }
    }
}

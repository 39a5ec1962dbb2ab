//! For which names may an authority vouch? [`NameConstraints`] (RFC 5280, 4.2.1.10).

use std::fmt;
use std::net::IpAddr;

use crate::der;
use crate::subject::Subject;

/// A tree of names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subtree {
    /// A DNS name and everything below it.
    Dns(String),
    /// A mailbox, all mailboxes of a host, or with a leading dot those of all hosts below a domain.
    Email(String),
    /// Addresses that share that many leading bits.
    Ip(IpAddr, u8),
    /// A host of URIs, or with a leading dot all hosts below a domain. rustls-webpki refuses every chain
    /// that has one: for tests of exactly that.
    Uri(String),
    /// Subjects that begin with these attributes.
    Directory(Subject),
}

/// Which names may stand below an authority.
///
/// ```
/// use countersign_pki::{Authority, NameConstraints, Subtree};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Test Root", now)?;
/// let constraints = NameConstraints::new()
///     .permit(Subtree::Dns("example.test".into()))
///     .exclude(Subtree::Ip([0, 0, 0, 0].into(), 0));
/// let partner = root
///     .intermediate_request("Partner CA", now)
///     .name_constraints(constraints)
///     .issue_authority()?;
/// // What is asked for is issued: whether anybody accepts it is another question.
/// assert!(partner.client(now).dns("elsewhere.example").issue().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

impl NameConstraints {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names of this kind are good within the subtree only.
    #[must_use]
    pub fn permit(mut self, subtree: Subtree) -> Self {
        self.permitted.push(subtree);
        self
    }

    /// Names within the subtree are bad.
    #[must_use]
    pub fn exclude(mut self, subtree: Subtree) -> Self {
        self.excluded.push(subtree);
        self
    }

    /// Whether it constrains nothing.
    pub fn is_empty(&self) -> bool {
        self.permitted.is_empty() && self.excluded.is_empty()
    }

    pub(crate) fn to_der(&self) -> Vec<u8> {
        let lists = [(0, &self.permitted), (1, &self.excluded)];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        der::sequence(lists.map(|(tag, list)| {
            let subtrees = list.iter().map(|subtree| der::sequence([subtree.base()]));
            der::of(der::constructed(tag), subtrees)
        }))
    }
}

impl Subtree {
    /// A general name, in the form that a subtree has.
    fn base(&self) -> Vec<u8> {
        match self {
            Self::Email(address) => der::value(der::context(1), address),
            Self::Dns(name) => der::value(der::context(2), name),
            Self::Directory(subject) => der::value(der::constructed(4), subject.to_der()),
            Self::Uri(host) => der::value(der::context(6), host),
            Self::Ip(address, prefix) => {
                let bytes = match address {
                    IpAddr::V4(v4) => v4.octets().to_vec(),
                    IpAddr::V6(v6) => v6.octets().to_vec(),
                };
                let mask = (0..bytes.len()).map(|index| mask(index, *prefix));
                let mask: Vec<u8> = mask.collect();
                der::value(der::context(7), [bytes, mask].concat())
            }
        }
    }
}

impl fmt::Display for NameConstraints {
    /// What is permitted with a plus sign, what is excluded with a minus sign: `+dns:example.test`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permitted = self.permitted.iter().map(|tree| ('+', tree));
        let excluded = self.excluded.iter().map(|tree| ('-', tree));
        for (index, (sign, tree)) in permitted.chain(excluded).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{sign}{tree}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Subtree {
    /// The kind, a colon, the value: `ip:10.0.0.0/8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{}", name.escape_debug()),
            Self::Email(address) => write!(f, "email:{}", address.escape_debug()),
            Self::Ip(address, prefix) => write!(f, "ip:{address}/{prefix}"),
            Self::Uri(host) => write!(f, "uri:{}", host.escape_debug()),
            Self::Directory(subject) => write!(f, "subject:{subject}"),
        }
    }
}

/// The byte of a network mask: as many ones as are left of the prefix.
fn mask(index: usize, prefix: u8) -> u8 {
    let ones = usize::from(prefix).saturating_sub(index * 8).min(8);
    !(0xff_u16 >> ones) as u8
}

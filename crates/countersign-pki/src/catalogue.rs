//! Which certificates must be accepted, and which refused, by whom and how?
//!
//! A [`Fixture`] is a certificate with its chain and key, together with what it is judged by and the
//! verdict that it deserves. The [`Catalogue`] has them all by name. Nothing here is tied
//! to the present: what is good was good in 2000 and stays so until 2999, and what is bad stays bad.

mod above;
mod accepted;
mod disputed;
mod expected;
mod psd2;
mod refused;
mod revoked;
mod servers;
mod workshop;

use std::borrow::Cow;
use std::sync::OnceLock;

pub use self::expected::{Expected, Outcome, Side, Stage, Verifier};
use self::workshop::{Workshop, end, start};
use crate::crl::Crl;
use crate::error::IssueError;
use crate::issued::Issued;

/// The certificates, good and bad.
///
/// ```
/// use countersign_pki::{Catalogue, Outcome, Stage};
///
/// let fixture = Catalogue::get("client-two-spiffe")?.unwrap();
/// assert_eq!(fixture.expected.stage, Stage::Identity);
/// assert_eq!(fixture.expected.countersign, Outcome::Answered(403));
/// assert_eq!(fixture.expected.code, Some("identity-ambiguous"));
/// assert!(fixture.presented.unwrap().chain_pem.starts_with("-----BEGIN CERTIFICATE-----"));
/// # Ok::<(), countersign_pki::IssueError>(())
/// ```
#[derive(Debug)]
pub struct Catalogue;

/// A case: what is presented, what it is judged by, and the verdict.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fixture {
    /// Its name, by which it never ceases to be known.
    pub name: Cow<'static, str>,
    /// What it is, in a line.
    pub about: Cow<'static, str>,
    /// Whose certificate it is.
    pub side: Side,
    /// The kind of name by which a server should identify the holder: `spiffe`, `dns`, `email`, `cn`.
    pub scheme: &'static str,
    /// What is presented; nothing, in one case.
    pub presented: Option<Presented>,
    /// The CA certificates that the other side trusts, as one PEM bundle.
    pub anchors_pem: String,
    /// The revocation lists that the server is given, as PEM: first the issuer's, then the root's.
    pub crl_pem: Option<String>,
    /// Whom the server knows; nothing for a fixture of the catalogue, whose server knows its own.
    pub known: Option<Known>,
    /// What must become of it.
    pub expected: Expected,
}

/// Whom a server knows that judges a fixture, as kind, colon, value: `dns:api.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Known {
    /// The name of the one caller that may do all that is asked.
    pub caller: String,
    /// For which names the trust may vouch, as patterns.
    pub vouched: Vec<String>,
}

/// A chain and a key. They need not belong together: that is a case too.
#[derive(Clone)]
#[non_exhaustive]
pub struct Presented {
    /// The chain as it is sent, leaf first where it is as it should be.
    pub chain_pem: String,
    /// The private key.
    pub key_pem: String,
}

impl Catalogue {
    /// The names of all fixtures, in the order of the reference.
    pub fn names() -> impl Iterator<Item = &'static str> {
        rows().map(|row| row.name)
    }

    /// The fixture with this name; none, if there is none. Within a process its authorities are the
    /// same each time, its leaves new.
    ///
    /// # Errors
    /// [`IssueError`] if it cannot be made.
    pub fn get(name: &str) -> Result<Option<Fixture>, IssueError> {
        rows()
            .find(|row| row.name == name)
            .map(Row::fixture)
            .transpose()
    }

    /// All fixtures.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn all() -> Result<Vec<Fixture>, IssueError> {
        rows().map(Row::fixture).collect()
    }
}

/// A line of the catalogue.
struct Row {
    name: &'static str,
    about: &'static str,
    side: Side,
    scheme: &'static str,
    make: fn(&Workshop) -> Result<Made, IssueError>,
    expected: Expected,
}

/// What a row makes.
struct Made {
    presented: Option<Presented>,
    /// Instead of the root of the workshop.
    anchors: Option<String>,
    crl: Option<String>,
}

impl Row {
    const fn new(
        name: &'static str,
        about: &'static str,
        make: fn(&Workshop) -> Result<Made, IssueError>,
        expected: Expected,
    ) -> Self {
        Self {
            name,
            about,
            side: Side::Client,
            scheme: "spiffe",
            make,
            expected,
        }
    }

    /// A server's certificate.
    const fn of_a_server(self) -> Self {
        Self {
            side: Side::Server,
            ..self
        }
    }

    /// Identified by another kind of name than the SPIFFE ID.
    const fn by(self, scheme: &'static str) -> Self {
        Self { scheme, ..self }
    }

    fn fixture(&self) -> Result<Fixture, IssueError> {
        let workshop = workshop()?;
        let made = (self.make)(workshop)?;
        Ok(Fixture {
            name: self.name.into(),
            about: self.about.into(),
            side: self.side,
            scheme: self.scheme,
            presented: made.presented,
            anchors_pem: made
                .anchors
                .unwrap_or_else(|| workshop.root.certificate_pem()),
            crl_pem: made.crl,
            known: None,
            expected: self.expected,
        })
    }
}

impl Made {
    /// As issued.
    fn of(issued: &Issued) -> Self {
        Self::chain(issued.chain_pem(), issued.key_pem())
    }

    fn nothing() -> Self {
        Self {
            presented: None,
            anchors: None,
            crl: None,
        }
    }

    fn chain(chain_pem: String, key_pem: String) -> Self {
        Self {
            presented: Some(Presented { chain_pem, key_pem }),
            anchors: None,
            crl: None,
        }
    }

    /// Judged with this revocation list, and with one of the root: nginx wants one of every authority.
    fn with_crl(self, crl: &Crl, workshop: &Workshop) -> Result<Self, IssueError> {
        let of_root = workshop.root.crl(start()).next_update(end()).issue()?;
        Ok(Self {
            crl: Some(crl.pem() + &of_root.pem()),
            ..self
        })
    }

    fn trusting(self, anchors_pem: String) -> Self {
        Self {
            anchors: Some(anchors_pem),
            ..self
        }
    }
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented")
            .field("chain_pem", &self.chain_pem)
            .finish_non_exhaustive()
    }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    let tables = [
        accepted::ROWS,
        refused::ROWS,
        revoked::ROWS,
        disputed::ROWS,
        above::ROWS,
        psd2::ROWS,
        servers::ROWS,
    ];
    tables.into_iter().flatten()
}

fn workshop() -> Result<&'static Workshop, IssueError> {
    static WORKSHOP: OnceLock<Workshop> = OnceLock::new();
    if let Some(workshop) = WORKSHOP.get() {
        return Ok(workshop);
    }
    let made = Workshop::open()?;
    Ok(WORKSHOP.get_or_init(|| made))
}

//! Who is the payment service provider? A [`Tpp`], and the certificates that it would have.

use jiff::Timestamp;

use super::{QcStatements, QcType, Role, qualified};
use crate::authority::Authority;
use crate::extension::Extension;
use crate::request::Request;
use crate::subject::{Attribute, Subject};
use crate::usage::{KeyUsage, Usage};

/// A national competent authority, which registers payment service providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nca {
    country: String,
    code: String,
    name: String,
}

impl Nca {
    /// An authority: its country's two letters, its own two to eight, and its name. Nothing is checked.
    pub fn new(
        country: impl Into<String>,
        code: impl Into<String>,
        name: impl Into<String>,
    ) -> Self {
        Self {
            country: country.into(),
            code: code.into(),
            name: name.into(),
        }
    }

    /// nCAId: `GB-FCA`.
    pub fn id(&self) -> String {
        format!("{}-{}", self.country, self.code)
    }

    /// nCAName.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A payment service provider, for whom a test needs a QWAC or a QSealC.
///
/// ```
/// use countersign_pki::Authority;
/// use countersign_pki::psd2::{Nca, Role, Tpp};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Test Root", now)?;
/// let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
/// let tpp = Tpp::new("Acme TPP Limited", fca, "123456").roles([Role::AccountInformation]);
///
/// assert_eq!(tpp.organization_identifier(), "PSDGB-FCA-123456");
/// let qwac = tpp.qwac(&root, now).issue()?;
/// let qseal = tpp.qseal(&root, now).issue()?;
/// # let _ = (qwac, qseal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Tpp {
    name: String,
    nca: Nca,
    number: String,
    domain: String,
    publisher: String,
    roles: Vec<Role>,
    statements: Option<Box<QcStatements>>,
}

impl Tpp {
    /// A provider by its name, the authority that registers it, and its number there. Its domain is
    /// `tpp.example.com`.
    pub fn new(name: impl Into<String>, nca: Nca, number: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            nca,
            number: number.into(),
            domain: "tpp.example.com".to_owned(),
            publisher: "http://pki.example.com".to_owned(),
            roles: Vec::new(),
            statements: None,
        }
    }

    /// Sets the roles.
    #[must_use]
    pub fn roles(mut self, roles: impl IntoIterator<Item = Role>) -> Self {
        self.roles = roles.into_iter().collect();
        self
    }

    /// Sets the domain, which is the common name and the DNS name of a QWAC.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Sets under which URL its issuer publishes: `/issuing.crl`, `/issuing.cer` and `/ocsp` below
    /// `http://pki.example.com`, unless told otherwise.
    #[must_use]
    pub fn published_at(mut self, url: impl Into<String>) -> Self {
        self.publisher = url.into();
        self
    }

    /// Puts these statements into its certificates instead of those that follow from the rest: flawed
    /// ones, or those of another authority than the organizationIdentifier names.
    #[must_use]
    pub fn statements(mut self, statements: QcStatements) -> Self {
        self.statements = Some(Box::new(statements));
        self
    }

    /// organizationIdentifier (ETSI TS 119 495, 5.2.1): `PSDGB-FCA-123456`.
    pub fn organization_identifier(&self) -> String {
        format!("PSD{}-{}", self.nca.id(), self.number)
    }

    /// The statements that its certificates of that kind carry.
    pub fn qc_statements(&self, kind: QcType) -> QcStatements {
        let fitting = || {
            QcStatements::new(kind, &self.nca)
                .roles(self.roles.iter().copied())
                .compliant()
                .disclosure("en", format!("https://{}/pds.pdf", self.domain))
        };
        self.statements.as_deref().cloned().unwrap_or_else(fitting)
    }

    /// Begins a certificate shaped like a QWAC: for TLS, as a client and as a server.
    pub fn qwac<'a>(&self, issuer: &'a Authority, now: Timestamp) -> Request<'a> {
        let organization = qualified::organization(&self.organization_identifier());
        let request = self
            .certificate(issuer, QcType::Web, now)
            .subject(self.subject().with(Attribute::CommonName, &self.domain))
            .dns(&self.domain)
            .extended_key_usage(&[Usage::Server, Usage::Client])
            .extension(qualified::policies(QcType::Web));
        organization.into_iter().fold(request, Request::extension)
    }

    /// Begins a certificate shaped like a QSealC: for signing messages, with no extended key usage, so
    /// that TLS does not refuse it either.
    pub fn qseal<'a>(&self, issuer: &'a Authority, now: Timestamp) -> Request<'a> {
        self.certificate(issuer, QcType::Eseal, now)
            .subject(self.subject().with(Attribute::CommonName, &self.name))
            .key_usage(&[KeyUsage::DigitalSignature, KeyUsage::ContentCommitment])
            .extended_key_usage(&[])
            .extension(qualified::policies(QcType::Eseal))
    }

    fn certificate<'a>(&self, issuer: &'a Authority, kind: QcType, now: Timestamp) -> Request<'a> {
        let at = |path: &str| format!("{}/{path}", self.publisher);
        issuer
            .client(now)
            .extension(self.qc_statements(kind).extension())
            .extension(Extension::authority_information_access(
                [at("ocsp").as_str()],
                [at("issuing.cer").as_str()],
            ))
            .extension(Extension::crl_distribution_points([
                at("issuing.crl").as_str()
            ]))
    }

    fn subject(&self) -> Subject {
        let country = &self.nca.country;
        Subject::new()
            .with(Attribute::JurisdictionCountry, country)
            .with(Attribute::BusinessCategory, "Private Organization")
            .with(Attribute::SerialNumber, &self.number)
            .with(Attribute::Country, country)
            .with(Attribute::State, "Test State")
            .with(Attribute::Locality, "Test Town")
            .with(Attribute::Organization, &self.name)
            .with(
                Attribute::OrganizationIdentifier,
                self.organization_identifier(),
            )
    }
}

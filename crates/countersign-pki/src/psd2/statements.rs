//! QCStatements (RFC 3739, 3.2.6; ETSI EN 319 412-5; ETSI TS 119 495, 5.1).

use std::fmt;

use super::Nca;
use crate::der;
use crate::extension::{Extension, QC_STATEMENTS};

const QC_COMPLIANCE: &[u64] = &[0, 4, 0, 1862, 1, 1];
const QC_PDS: &[u64] = &[0, 4, 0, 1862, 1, 5];
const QC_TYPE: &[u64] = &[0, 4, 0, 1862, 1, 6];
const PSD2: &[u64] = &[0, 4, 0, 19495, 2];

/// What a payment service provider may be (ETSI TS 119 495, 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// PSP_AS: keeps accounts, as a bank does.
    AccountServicing,
    /// PSP_PI: initiates payments.
    PaymentInitiation,
    /// PSP_AI: reads accounts.
    AccountInformation,
    /// PSP_IC: issues cards, and asks whether there are funds.
    CardIssuing,
}

impl Role {
    /// All four, in the order of their object identifiers.
    pub const ALL: [Self; 4] = [
        Self::AccountServicing,
        Self::PaymentInitiation,
        Self::AccountInformation,
        Self::CardIssuing,
    ];

    /// The name that stands beside the object identifier: `PSP_AI`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountServicing => "PSP_AS",
            Self::PaymentInitiation => "PSP_PI",
            Self::AccountInformation => "PSP_AI",
            Self::CardIssuing => "PSP_IC",
        }
    }

    /// The role of that name.
    ///
    /// ```
    /// use countersign_pki::psd2::Role;
    ///
    /// assert_eq!(Role::named("PSP_AI"), Some(Role::AccountInformation));
    /// assert_eq!(Role::named("AISP"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// The object identifier.
    pub const fn oid(self) -> &'static [u64] {
        match self {
            Self::AccountServicing => &[0, 4, 0, 19495, 1, 1],
            Self::PaymentInitiation => &[0, 4, 0, 19495, 1, 2],
            Self::AccountInformation => &[0, 4, 0, 19495, 1, 3],
            Self::CardIssuing => &[0, 4, 0, 19495, 1, 4],
        }
    }
}

/// What a qualified certificate is for (ETSI EN 319 412-5, 4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QcType {
    /// The signature of a person.
    Esign,
    /// The seal of an organisation: a QSealC.
    Eseal,
    /// A website, and so TLS: a QWAC.
    Web,
}

impl QcType {
    /// The last word of its name in ETSI EN 319 412-5: `web`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Esign => "esign",
            Self::Eseal => "eseal",
            Self::Web => "web",
        }
    }

    const fn oid(self) -> &'static [u64] {
        match self {
            Self::Esign => &[0, 4, 0, 1862, 1, 6, 1],
            Self::Eseal => &[0, 4, 0, 1862, 1, 6, 2],
            Self::Web => &[0, 4, 0, 1862, 1, 6, 3],
        }
    }
}

/// How a statement can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flaw {
    /// All roles in one, as they were written for years: a careless reader sees the first one alone.
    FlatRoles,
    /// The bytes end too early.
    Truncated,
    /// The object identifier of one role with the name of another: each the next one's.
    NameOfAnotherRole,
    /// A list of no roles.
    NoRoles,
    /// An authority's identifier without a country: `fca`.
    BadNcaId,
    /// The PSD2 statement twice.
    Twice,
    /// The PSD2 statement alone where a list of statements belongs.
    Bare,
}

/// The extension qcStatements, for a PSD2 certificate.
///
/// ```
/// use countersign_pki::psd2::{Nca, QcStatements, QcType, Role};
///
/// let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
/// let statements = QcStatements::new(QcType::Web, &fca).roles([Role::PaymentInitiation]);
/// assert!(statements.to_der().starts_with(&[0x30, 0x5b]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QcStatements {
    kind: QcType,
    roles: Vec<(Vec<u64>, String)>,
    nca_name: String,
    nca_id: String,
    is_compliant: bool,
    disclosures: Vec<(String, String)>,
    flaw: Option<Flaw>,
}

impl QcStatements {
    /// Statements of a kind and of a national authority, without a role.
    pub fn new(kind: QcType, nca: &Nca) -> Self {
        Self {
            kind,
            roles: Vec::new(),
            nca_name: nca.name().to_owned(),
            nca_id: nca.id(),
            is_compliant: false,
            disclosures: Vec::new(),
            flaw: None,
        }
    }

    /// Adds roles, in the order in which they are to stand.
    #[must_use]
    pub fn roles(mut self, roles: impl IntoIterator<Item = Role>) -> Self {
        let roles = roles.into_iter();
        self.roles
            .extend(roles.map(|r| (r.oid().to_vec(), r.name().to_owned())));
        self
    }

    /// Adds a role that is not one of the four, such as those of later versions.
    #[must_use]
    pub fn other_role(mut self, oid: &[u64], name: impl Into<String>) -> Self {
        self.roles.push((oid.to_vec(), name.into()));
        self
    }

    /// States that the certificate is a qualified one (QcCompliance).
    #[must_use]
    pub fn compliant(mut self) -> Self {
        self.is_compliant = true;
        self
    }

    /// Says where the disclosure statement is, in a language of two letters (QcPDS).
    #[must_use]
    pub fn disclosure(mut self, language: impl Into<String>, url: impl Into<String>) -> Self {
        self.disclosures.push((language.into(), url.into()));
        self
    }

    /// Makes it wrong.
    #[must_use]
    pub fn flawed(mut self, flaw: Flaw) -> Self {
        self.flaw = Some(flaw);
        self
    }

    /// The extension, not critical.
    pub fn extension(&self) -> Extension {
        Extension::new(QC_STATEMENTS, self.to_der())
    }

    /// The content of the extension.
    pub fn to_der(&self) -> Vec<u8> {
        let psd2 = statement(PSD2, Some(self.psd2()));
        if self.flaw == Some(Flaw::Bare) {
            return psd2;
        }
        let mut list = Vec::new();
        if self.is_compliant {
            list.push(statement(QC_COMPLIANCE, None));
        }
        let kind = der::sequence([der::oid(self.kind.oid())]);
        list.push(statement(QC_TYPE, Some(kind)));
        if !self.disclosures.is_empty() {
            list.push(statement(QC_PDS, Some(self.pds())));
        }
        if self.flaw == Some(Flaw::Twice) {
            list.push(psd2.clone());
        }
        list.push(psd2);
        let mut der = der::sequence(list);
        if self.flaw == Some(Flaw::Truncated) {
            der.truncate(der.len() - der.len() / 4);
        }
        der
    }

    /// PSD2QcType ::= SEQUENCE { rolesOfPSP, nCAName, nCAId }
    fn psd2(&self) -> Vec<u8> {
        let nca_id = match self.flaw {
            Some(Flaw::BadNcaId) => "fca",
            _ => &self.nca_id,
        };
        let name = der::value(der::UTF8_STRING, &self.nca_name);
        der::sequence([self.roles_der(), name, der::value(der::UTF8_STRING, nca_id)])
    }

    fn roles_der(&self) -> Vec<u8> {
        let role = |oid: &[u64], name: &str| [der::oid(oid), der::value(der::UTF8_STRING, name)];
        let oids = self.roles.iter().map(|(oid, _)| oid.as_slice());
        let names: Vec<&str> = self.roles.iter().map(|(_, name)| name.as_str()).collect();
        match self.flaw {
            Some(Flaw::NoRoles) => der::value(der::SEQUENCE, []),
            Some(Flaw::FlatRoles) => {
                let all = oids.zip(names).flat_map(|(oid, name)| role(oid, name));
                der::sequence([der::sequence(all)])
            }
            Some(Flaw::NameOfAnotherRole) => der::sequence(oids.map(|oid| {
                let next = Role::ALL.iter().find(|other| other.oid() > oid);
                let name = next.map_or("PSP_AS", |other| other.name());
                der::sequence(role(oid, name))
            })),
            _ => der::sequence(
                oids.zip(names)
                    .map(|(oid, name)| der::sequence(role(oid, name))),
            ),
        }
    }

    /// PdsLocations (ETSI EN 319 412-5, 4.3.4).
    fn pds(&self) -> Vec<u8> {
        der::sequence(self.disclosures.iter().map(|(language, url)| {
            der::sequence([
                der::value(der::IA5_STRING, url),
                der::value(der::PRINTABLE_STRING, language),
            ])
        }))
    }
}

impl fmt::Display for QcStatements {
    /// Kind, roles and authority: `psd2=web roles=PSP_PI,PSP_AI nca=GB-FCA`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles: Vec<&str> = self.roles.iter().map(|(_, name)| name.as_str()).collect();
        let (kind, nca) = (self.kind.as_str(), &self.nca_id);
        write!(f, "psd2={kind} roles={} nca={nca}", roles.join(","))
    }
}

fn statement(oid: &[u64], info: Option<Vec<u8>>) -> Vec<u8> {
    der::sequence([der::oid(oid), info.unwrap_or_default()])
}

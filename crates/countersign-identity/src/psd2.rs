//! As which payment service provider does a certificate authorise its holder (ETSI TS 119 495)?

mod error;
mod role;
mod statement;

use std::fmt;

pub use self::error::Psd2Error;
pub use self::role::{Psd2Role, UnknownRole};
use self::statement::Statement;
use crate::{Certificate, Name, OrganizationId, QcStatements, QcType, Scheme};

/// A payment service provider, as its certificate states it: who it is, who registers it, and its
/// roles.
///
/// What is malformed, contradicts itself or contradicts the organizationIdentifier is an error, and
/// so gives no role. Whether the issuer may state anything is for the trust to say.
///
/// ```
/// use countersign_identity::{Certificate, Psd2, Psd2Role};
/// # use countersign_pki::{Authority, psd2::{Nca, Role, Tpp}};
/// # let now = jiff::Timestamp::from_second(1_790_000_000)?;
/// # let root = Authority::root("Test Root", now)?;
/// # let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
/// # let tpp = Tpp::new("Acme TPP Limited", fca, "123456").roles([Role::AccountInformation]);
/// # let issued = tpp.qwac(&root, now).issue()?;
/// # let der = issued.certificate_der();
///
/// let psd2 = Psd2::of(&Certificate::from_der(der)?)?;
/// assert_eq!(psd2.to_string(), "PSDGB-FCA-123456: PSP_AI");
/// assert!(psd2.require(Psd2Role::AccountInformation).is_ok());
/// assert!(psd2.require(Psd2Role::PaymentInitiation).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Psd2 {
    organization: OrganizationId,
    nca_name: String,
    roles: Vec<Psd2Role>,
    unknown_roles: Vec<UnknownRole>,
    statements: QcStatements,
}

impl Psd2 {
    /// What `certificate` states.
    ///
    /// # Errors
    ///
    /// It has no PSD2 statement, or one that is malformed: not strict DER in the form of TS 119 495,
    /// section 5.1; more than one; no role; a role whose object identifier and name do not agree;
    /// an authority that is none, or not the one of the organizationIdentifier.
    pub fn of(certificate: &Certificate) -> Result<Self, Psd2Error> {
        let statements = QcStatements::of(certificate)?.ok_or(Psd2Error::Absent)?;
        let statement = Statement::read(statements.psd2().ok_or(Psd2Error::Absent)?)?;
        let organization = organization(certificate)?;
        if organization.nca() != Some(&statement.nca_id) {
            return Err(Psd2Error::NcaMismatch {
                statement: statement.nca_id,
                organization,
            });
        }
        Ok(Self {
            organization,
            nca_name: statement.nca_name,
            roles: statement.roles,
            unknown_roles: statement.unknown_roles,
            statements,
        })
    }

    /// The same for a certificate that its holder presents in TLS, where a QWAC belongs.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of), and if the certificate is not for the web: a QSealC signs messages.
    pub fn of_tls(certificate: &Certificate) -> Result<Self, Psd2Error> {
        let psd2 = Self::of(certificate)?;
        let types = psd2.statements.types();
        if !types.contains(&QcType::Web) {
            return Err(Psd2Error::NotForTls {
                types: types.to_vec(),
            });
        }
        Ok(psd2)
    }

    /// Who it is. The national competent authority in it is the one of the statement.
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The name of the national competent authority.
    pub fn nca_name(&self) -> &str {
        &self.nca_name
    }

    /// The roles, in the order of the certificate.
    pub fn roles(&self) -> &[Psd2Role] {
        &self.roles
    }

    /// Roles that we do not know, which give no right.
    pub fn unknown_roles(&self) -> &[UnknownRole] {
        &self.unknown_roles
    }

    /// All that the qcStatements extension says.
    pub fn statements(&self) -> &QcStatements {
        &self.statements
    }

    /// Whether `role` is one of the roles.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn require(&self, role: Psd2Role) -> Result<(), Psd2Error> {
        match self.roles.contains(&role) {
            true => Ok(()),
            false => Err(Psd2Error::RoleMissing {
                role,
                organization: self.organization.clone(),
            }),
        }
    }
}

impl fmt::Display for Psd2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles: Vec<_> = self.roles.iter().map(|role| role.as_str()).collect();
        write!(f, "{}: {}", self.organization, roles.join(", "))
    }
}

fn organization(certificate: &Certificate) -> Result<OrganizationId, Psd2Error> {
    let scheme = Scheme::Organization;
    match scheme.name_in(certificate) {
        Ok(Name::Organization(id)) => Ok(id),
        Ok(_) => Err(Psd2Error::Organization {
            source: crate::IdentityError::Missing { scheme },
        }),
        Err(source) => Err(Psd2Error::Organization { source }),
    }
}

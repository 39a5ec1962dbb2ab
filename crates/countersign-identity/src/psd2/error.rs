use countersign_problem::Code;
use thiserror::Error;

use crate::{IdentityError, Oid, OrganizationId, Psd2Role, QcType};

/// Why a certificate does not make its holder the payment service provider that a request needs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Psd2Error {
    /// There is no PSD2 statement.
    #[error("the certificate has no PSD2 statement")]
    Absent,
    /// There is one statement where a list of statements belongs.
    #[error("the qcStatements extension is one statement where a list belongs")]
    Bare,
    /// A part is not strict DER in the form that the standards give it.
    #[error("in the qcStatements extension {part} is malformed")]
    Encoding {
        /// The part.
        part: &'static str,
    },
    /// All roles stand in one, as some issuers wrote them for years.
    #[error("the roles of the PSD2 statement are flattened into one")]
    FlatRoles,
    /// The identifier of the national competent authority has another form than `GB-FCA`.
    #[error("`{}` is no national competent authority", id.escape_debug())]
    Nca {
        /// The identifier in the statement.
        id: String,
    },
    /// The statement and the organizationIdentifier name different authorities, or the latter none.
    #[error("the PSD2 statement is of `{statement}`, the organization is `{organization}`")]
    NcaMismatch {
        /// The authority of the statement.
        statement: String,
        /// The organizationIdentifier.
        organization: OrganizationId,
    },
    /// The certificate is not for TLS.
    #[error("the certificate is for {}, not for the web", list(types))]
    NotForTls {
        /// What it is for.
        types: Vec<QcType>,
    },
    /// The organizationIdentifier is missing, ambiguous or malformed.
    #[error("the PSD2 statement is of nobody: {source}")]
    Organization {
        /// What is wrong with it.
        source: IdentityError,
    },
    /// A statement that may stand there once stands there twice.
    #[error("the statement {statement} is repeated")]
    Repeated {
        /// Its object identifier.
        statement: Oid,
    },
    /// The object identifier and the name of a role do not agree.
    #[error("the role {oid} is called `{}`", name.escape_debug())]
    RoleMismatch {
        /// The object identifier.
        oid: Oid,
        /// The name.
        name: String,
    },
    /// The statement is well-formed and has not this role.
    #[error("`{organization}` has not the role {role}")]
    RoleMissing {
        /// The role.
        role: Psd2Role,
        /// Who has not got it.
        organization: OrganizationId,
    },
    /// The list of roles is empty.
    #[error("the PSD2 statement has no role")]
    Roleless,
}

impl Psd2Error {
    /// The word for it that both ends share.
    pub fn code(&self) -> Code {
        match self {
            Self::Absent | Self::RoleMissing { .. } => Code::Psd2RoleMissing,
            Self::NotForTls { .. } => Code::CertificateUnsuitable,
            Self::Bare
            | Self::Encoding { .. }
            | Self::FlatRoles
            | Self::Nca { .. }
            | Self::NcaMismatch { .. }
            | Self::Organization { .. }
            | Self::Repeated { .. }
            | Self::RoleMismatch { .. }
            | Self::Roleless => Code::Psd2StatementMalformed,
        }
    }
}

fn list(types: &[QcType]) -> String {
    match types {
        [] => "nothing that it says".to_owned(),
        types => types
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

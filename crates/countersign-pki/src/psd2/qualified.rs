//! What does a certificate that is shaped like a qualified one state beside its QCStatements?

use super::{QcStatements, QcType};
use crate::der;
use crate::extension::{CABF_ORGANIZATION_IDENTIFIER, Extension};

const EXTENDED_VALIDATION: &[u64] = &[2, 23, 140, 1, 1];
const QCP_WEB: &[u64] = &[0, 4, 0, 194112, 1, 4];
const QCP_WEB_PSD2: &[u64] = &[0, 4, 0, 19495, 3, 1];
const QCP_LEGAL: &[u64] = &[0, 4, 0, 194112, 1, 1];

/// A certificate's statements, what it is for, and by which number its organisation is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Qualified {
    pub(crate) kind: QcType,
    pub(crate) statements: QcStatements,
    /// organizationIdentifier: `PSDGB-FCA-123456`.
    pub(crate) organization: String,
}

impl Qualified {
    /// What it adds to the usual extensions.
    pub(crate) fn extensions(&self) -> Vec<Extension> {
        let organization = match self.kind {
            QcType::Web => organization(&self.organization),
            _ => None,
        };
        let own = [self.statements.extension(), policies(self.kind)];
        own.into_iter().chain(organization).collect()
    }
}

/// The policies under which such a certificate is issued: EV and ETSI EN 319 411-2 for a website's.
pub(super) fn policies(kind: QcType) -> Extension {
    match kind {
        QcType::Web => {
            Extension::certificate_policies([EXTENDED_VALIDATION, QCP_WEB, QCP_WEB_PSD2])
        }
        _ => Extension::certificate_policies([QCP_LEGAL]),
    }
}

/// cabfOrganizationIdentifier (CA/Browser Forum, EV Guidelines, 9.8.2), which says in parts what the
/// organizationIdentifier says in one: scheme, country, reference.
pub(super) fn organization(identifier: &str) -> Option<Extension> {
    let (head, reference) = identifier.split_once('-')?;
    let (scheme, country) = head.split_at_checked(3)?;
    let value = der::sequence([
        der::value(der::PRINTABLE_STRING, scheme),
        der::value(der::PRINTABLE_STRING, country),
        der::value(der::UTF8_STRING, reference),
    ]);
    Some(Extension::new(CABF_ORGANIZATION_IDENTIFIER, value))
}

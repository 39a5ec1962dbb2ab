//! How does the Berlin Group say what is wrong (NextGenPSD2, section 14.11)?

use axum::response::{IntoResponse, Response};
use countersign_axum::{Code, CorrelationId, Fault, Json, Renderer};
use http::StatusCode;

use super::document::TppMessagesDocument;

/// Writes refusals and faults as `tppMessages`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BerlinGroup;

impl Renderer for BerlinGroup {
    fn render(&self, fault: &Fault, _: &CorrelationId) -> Response {
        let own = fault.word().and_then(TppCode::named);
        let code = own.unwrap_or_else(|| TppCode::of(fault.code()));
        let status = StatusCode::from_u16(code.status(fault.code()));
        let document = TppMessagesDocument::error(code.as_str(), fault.detail());
        (
            status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Json(document),
        )
            .into_response()
    }
}

/// Declares the codes, each with its name and, where the code of the fault has another, its status.
macro_rules! codes {
    ($($variant:ident, $name:literal, $status:expr;)+) => {
        /// A message code. What each means stands in `docs/reference/open-banking.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum TppCode {
            $($variant,)+
        }

        impl TppCode {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            const fn own_status(self) -> Option<u16> {
                match self {
                    $(Self::$variant => $status,)+
                }
            }
        }
    };
}

codes! {
    AccessExceeded, "ACCESS_EXCEEDED", Some(429);
    CertificateBlocked, "CERTIFICATE_BLOCKED", Some(401);
    CertificateExpired, "CERTIFICATE_EXPIRED", Some(401);
    CertificateInvalid, "CERTIFICATE_INVALID", Some(401);
    CertificateMissing, "CERTIFICATE_MISSING", Some(401);
    CertificateRevoked, "CERTIFICATE_REVOKED", Some(401);
    ConsentExpired, "CONSENT_EXPIRED", Some(401);
    ConsentInvalid, "CONSENT_INVALID", Some(401);
    // 403 where it stands in the path, 400 where it stands in a header.
    ConsentUnknown, "CONSENT_UNKNOWN", None;
    Forbidden, "FORBIDDEN", Some(403);
    FormatError, "FORMAT_ERROR", None;
    InternalServerError, "INTERNAL_SERVER_ERROR", None;
    PeriodInvalid, "PERIOD_INVALID", Some(400);
    ProductUnknown, "PRODUCT_UNKNOWN", Some(404);
    ResourceUnknown, "RESOURCE_UNKNOWN", None;
    RoleInvalid, "ROLE_INVALID", Some(401);
    ServiceInvalid, "SERVICE_INVALID", None;
    ServiceUnavailable, "SERVICE_UNAVAILABLE", None;
    StatusInvalid, "STATUS_INVALID", Some(409);
    TokenInvalid, "TOKEN_INVALID", Some(401);
    TokenUnknown, "TOKEN_UNKNOWN", Some(401);
    UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", None;
}

impl TppCode {
    /// The one for a fault that has no word of its own. Whoever is no TPP to us has an invalid certificate
    /// here; ASPSP included, a role too few is `ROLE_INVALID`.
    pub(crate) fn of(code: Code) -> Self {
        match code {
            Code::CertificateRequired => Self::CertificateMissing,
            Code::CertificateExpired => Self::CertificateExpired,
            Code::CertificateRevoked => Self::CertificateRevoked,
            Code::PrincipalDisabled => Self::CertificateBlocked,
            Code::CertificateNotYetValid
            | Code::CertificateUntrusted
            | Code::CertificateUnsuitable
            | Code::RevocationUnknown
            | Code::IdentityMissing
            | Code::IdentityAmbiguous
            | Code::IdentityMalformed
            | Code::IdentityNotAllowed
            | Code::PrincipalUnknown
            | Code::Psd2StatementMalformed => Self::CertificateInvalid,
            Code::Psd2RoleMissing => Self::RoleInvalid,
            Code::PermissionMissing => Self::Forbidden,
            Code::TokenMissing => Self::TokenUnknown,
            Code::TokenInvalid | Code::TokenNotBound => Self::TokenInvalid,
            Code::NotFound => Self::ResourceUnknown,
            Code::MethodNotAllowed => Self::ServiceInvalid,
            Code::Conflict => Self::StatusInvalid,
            Code::MediaTypeUnsupported => Self::UnsupportedMediaType,
            Code::Overloaded => Self::ServiceUnavailable,
            code if code.status() < 500 => Self::FormatError,
            _ => Self::InternalServerError,
        }
    }

    /// A fault of kind `code` that is written with this code.
    pub(crate) fn fault(self, code: Code, detail: impl Into<String>) -> Fault {
        Fault::new(code, detail).worded(self.as_str())
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    fn status(self, code: Code) -> u16 {
        self.own_status().unwrap_or_else(|| code.status())
    }
}

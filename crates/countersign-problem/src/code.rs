use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// Declares [`Code`] and everything that is one row of its table, so that no row can be forgotten.
macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident, $name:literal, $status:literal, $title:literal;)+) => {
        /// Why a request, or the connection that it came on, was refused.
        ///
        /// The name, the status and the title of a code never change once released: clients
        /// branch on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])+ $variant,)+
        }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name, as it stands in documents and audit events.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// The HTTP status.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$variant => $status,)+
                }
            }

            /// The name in words: the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)+
                }
            }

            /// The `type` member of the problem document.
            pub const fn type_uri(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("urn:countersign:problem:", $name),)+
                }
            }
        }
    };
}

codes! {
    /// The route needs a client certificate and the connection has none.
    CertificateRequired, "certificate-required", 401, "a client certificate is required";
    /// The certificate, or one above it, is past its end.
    CertificateExpired, "certificate-expired", 401, "the client certificate has expired";
    /// The certificate, or one above it, has not begun.
    CertificateNotYetValid, "certificate-not-yet-valid", 401, "the client certificate is not valid yet";
    /// The issuer, or a local block list, has withdrawn the certificate.
    CertificateRevoked, "certificate-revoked", 401, "the client certificate is revoked";
    /// No path leads from the certificate to an anchor that we trust.
    CertificateUntrusted, "certificate-untrusted", 401, "the client certificate is not trusted";
    /// The certificate is not made for this: extended key usage, key usage, key kind, version, or a CA as leaf.
    CertificateUnsuitable, "certificate-unsuitable", 401, "the certificate is not suitable for client authentication";
    /// No revocation list that is fresh enough covers the certificate.
    RevocationUnknown, "revocation-unknown", 401, "the revocation status of the client certificate is unknown";
    /// The route needs an access token and the request has none.
    TokenMissing, "token-missing", 401, "an access token is required";
    /// The access token cannot be accepted.
    TokenInvalid, "token-invalid", 401, "the access token is invalid";
    /// The access token is bound to another certificate, or to none (RFC 8705, section 3).
    TokenNotBound, "token-not-bound", 401, "the access token is not bound to this certificate";
    /// The certificate has no name of the kind that identifies its holder.
    IdentityMissing, "identity-missing", 403, "the certificate names nobody";
    /// More than one name, or more than one trust, would identify the holder.
    IdentityAmbiguous, "identity-ambiguous", 403, "the certificate names more than one holder";
    /// The name that should identify the holder cannot be read.
    IdentityMalformed, "identity-malformed", 403, "the name in the certificate is malformed";
    /// The trust that vouched for the certificate may not vouch for its name.
    IdentityNotAllowed, "identity-not-allowed", 403, "the issuer may not vouch for this name";
    /// The identity belongs to nobody that we know.
    PrincipalUnknown, "principal-unknown", 403, "the caller is unknown";
    /// The caller is known and switched off.
    PrincipalDisabled, "principal-disabled", 403, "the caller is disabled";
    /// The caller is known and may not do this.
    PermissionMissing, "permission-missing", 403, "the caller lacks the permission";
    /// The PSD2 statement of the certificate cannot be read (ETSI TS 119 495, section 5.1).
    Psd2StatementMalformed, "psd2-statement-malformed", 403, "the PSD2 statement of the certificate is malformed";
    /// The certificate lacks the PSD2 role that the route needs.
    Psd2RoleMissing, "psd2-role-missing", 403, "the certificate lacks the PSD2 role";
    /// The request cannot be understood, or breaks a rule of the resource.
    RequestInvalid, "request-invalid", 400, "the request is invalid";
    /// A forwarded identity came from somebody who may not forward one.
    ForwardedIdentityUntrusted, "forwarded-identity-untrusted", 400, "a forwarded identity is not accepted from this peer";
    /// A forwarded identity cannot be read.
    ForwardedIdentityMalformed, "forwarded-identity-malformed", 400, "the forwarded identity is malformed";
    /// There is nothing here.
    NotFound, "not-found", 404, "not found";
    /// The resource exists and does not know the method.
    MethodNotAllowed, "method-not-allowed", 405, "method not allowed";
    /// The request contradicts the state of the resource.
    Conflict, "conflict", 409, "conflict";
    /// The body is larger than the server takes.
    BodyTooLarge, "body-too-large", 413, "the request body is too large";
    /// The body is of a kind that the resource does not read.
    MediaTypeUnsupported, "media-type-unsupported", 415, "the media type is not supported";
    /// The header section is larger than the server takes.
    HeadersTooLarge, "headers-too-large", 431, "the request headers are too large";
    /// The server failed; the request may be correct.
    Internal, "internal", 500, "internal error";
    /// The service behind a gateway cannot be reached, or gives no answer that can be read.
    UpstreamUnreachable, "upstream-unreachable", 502, "the service behind the gateway gave no answer";
    /// The server has too much to do.
    Overloaded, "overloaded", 503, "the server is overloaded";
    /// The service behind a gateway does not answer in time.
    UpstreamTimeout, "upstream-timeout", 504, "the service behind the gateway did not answer in time";
}

impl Code {
    /// The value of `WWW-Authenticate` that goes with the code, for those that a client certificate
    /// would cure. Token codes have a challenge too, but its parameters depend on the request.
    ///
    /// ```
    /// use countersign_problem::Code;
    ///
    /// assert_eq!(Code::CertificateRequired.challenge(), Some("ClientCertificate"));
    /// assert_eq!(Code::PermissionMissing.challenge(), None);
    /// ```
    pub const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::CertificateRequired
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::CertificateRevoked
            | Self::CertificateUntrusted
            | Self::CertificateUnsuitable
            | Self::RevocationUnknown => Some("ClientCertificate"),
            _ => None,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == name)
            .ok_or_else(|| UnknownCode {
                name: name.to_owned(),
            })
    }
}

/// The text is not the name of a [`Code`] of this release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCode {
    /// The text.
    pub name: String,
}

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown problem code `{}`", self.name)
    }
}

impl Error for UnknownCode {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_read_back_from_its_name() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }

    #[test]
    fn names_are_distinct_and_every_type_uri_ends_in_its_name() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(
                code.type_uri(),
                format!("urn:countersign:problem:{}", code.as_str())
            );
        }
    }

    #[test]
    fn every_unauthenticated_certificate_code_challenges_for_a_certificate() {
        for code in Code::ALL {
            let wanted = code.status() == 401 && !code.as_str().starts_with("token-");
            assert_eq!(code.challenge().is_some(), wanted, "{code}");
        }
    }
}

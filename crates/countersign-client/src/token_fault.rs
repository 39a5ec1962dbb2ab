use std::fmt;

/// Why there is no access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// You: the client has no certificate to which a token could be bound.
    NoCredential,
    /// You: the call goes by another certificate than the tokens of this source.
    OtherCredential,
    /// You, or the operator of the authorization server: it gives none, and says why (RFC 6749, section 5.2).
    #[non_exhaustive]
    Answered {
        /// `invalid_client`, `invalid_scope` …
        error: String,
        /// In the words of the server.
        description: Option<String>,
    },
    /// You, or the operator: the metadata is that of another issuer (RFC 8414, section 3.3).
    OtherIssuer {
        /// The one that was asked for.
        wanted: String,
        /// The one that answered.
        found: String,
    },
    /// The operator of the authorization server: an endpoint is at another host than the issuer, and there is none
    /// for clients with certificates (RFC 8705, section 5).
    NoMtlsEndpoint {
        /// Which endpoint.
        endpoint: &'static str,
    },
    /// The operator of the authorization server: what it says cannot be read.
    Malformed {
        /// What is wrong.
        reason: String,
    },
}

impl TokenFault {
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoCredential => "give the client a credential",
            Self::OtherCredential => "make the token source with the client that calls",
            Self::Answered { error, .. } if error == "invalid_client" => {
                "compare the registration with the certificate: its subject, its names, who issued it"
            }
            Self::Answered { error, .. } if error == "invalid_scope" => {
                "ask for a scope that the client is registered for"
            }
            Self::OtherIssuer { .. } => "give the issuer as its metadata has it, to the letter",
            _ => return None,
        })
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCredential => f.write_str("the client has no certificate"),
            Self::OtherCredential => {
                f.write_str("the token is bound to another certificate than the call goes by")
            }
            Self::Answered { error, description } => {
                write!(f, "the authorization server says {}", error.escape_debug())?;
                match description {
                    Some(description) => write!(f, ": {}", description.escape_debug()),
                    None => Ok(()),
                }
            }
            Self::OtherIssuer { wanted, found } => {
                let found = found.escape_debug();
                write!(f, "the metadata of `{wanted}` is that of `{found}`")
            }
            Self::NoMtlsEndpoint { endpoint } => write!(
                f,
                "the `{endpoint}` is at another host than the issuer, and `mtls_endpoint_aliases` has none"
            ),
            Self::Malformed { reason } => f.write_str(reason),
        }
    }
}

//! What does a client learn about the server (RFC 8414, section 2; RFC 8705, sections 3.3 and 5)?

use super::document::{Aliases, Metadata};
use super::{Issuer, ScopeRule, Settings, document};
use crate::METHODS;

/// There is no `response_types_supported`: RFC 8414 wants it and forbids an empty array, and this server has none.
pub(super) fn write(settings: &Settings) -> String {
    let issuer = settings.issuer();
    let mut scopes: Vec<_> = settings.scopes().iter().map(ScopeRule::word).collect();
    scopes.sort_unstable();
    scopes.dedup();
    document::metadata(&Metadata {
        issuer: issuer.as_str(),
        endpoints: endpoints(issuer),
        jwks_uri: issuer.endpoint("jwks"),
        token_endpoint_auth_methods_supported: METHODS,
        revocation_endpoint_auth_methods_supported: METHODS,
        introspection_endpoint_auth_methods_supported: METHODS,
        grant_types_supported: ["client_credentials"],
        scopes_supported: scopes,
        tls_client_certificate_bound_access_tokens: true,
        mtls_endpoint_aliases: settings.base_of_aliases().map(endpoints),
    })
}

/// Those for which a client needs its certificate.
fn endpoints(base: &Issuer) -> Aliases {
    Aliases {
        token_endpoint: base.endpoint("token"),
        revocation_endpoint: base.endpoint("revoke"),
        introspection_endpoint: base.endpoint("introspect"),
    }
}

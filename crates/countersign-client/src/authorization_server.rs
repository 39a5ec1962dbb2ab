use std::collections::BTreeMap;

use reqwest::header::ACCEPT;
use reqwest::{StatusCode, Url};

use crate::token_source::{LARGEST, PATIENCE, document};
use crate::{Client, Error, Kind, RequestFault, TokenFault};

/// Where an authorization server has what, by its own account (RFC 8414).
#[derive(Clone, Debug)]
pub struct AuthorizationServer {
    pub(crate) issuer: String,
    pub(crate) endpoints: BTreeMap<String, String>,
    pub(crate) aliases: BTreeMap<String, String>,
}

impl AuthorizationServer {
    /// Asks `issuer`, and believes only what bears the same name, to the letter (RFC 8414, section 3.3).
    ///
    /// # Errors
    ///
    /// [`Kind::Token`] if the metadata cannot be read or is that of another issuer; and every error of calling it.
    pub async fn discover(client: &Client, issuer: &str) -> Result<Self, Error> {
        discover(client, issuer).await
    }

    /// Its name.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where its keys are (`jwks_uri`).
    pub fn jwks_uri(&self) -> Option<Url> {
        self.endpoints.get("jwks_uri")?.parse().ok()
    }

    /// Where it introspects tokens for clients with certificates.
    ///
    /// # Errors
    ///
    /// There is none, or none for them.
    pub fn introspection_endpoint(&self) -> Result<Url, TokenFault> {
        self.mtls_endpoint("introspection_endpoint")
    }

    /// The endpoint for clients with certificates: the alias, or that of the same host as the issuer. Another host
    /// would be asked for by who does not know of certificates.
    pub(crate) fn mtls_endpoint(&self, name: &'static str) -> Result<Url, TokenFault> {
        let missing = || TokenFault::Malformed {
            reason: format!("the metadata has no `{name}` that can be called"),
        };
        let read = |url: &String| {
            url.parse::<Url>()
                .ok()
                .filter(|url| url.scheme() == "https")
        };
        if let Some(alias) = self.aliases.get(name) {
            return read(alias).ok_or_else(missing);
        }
        let endpoint = self.endpoints.get(name).and_then(read);
        let endpoint = endpoint.ok_or_else(missing)?;
        let issuer = self.issuer.parse::<Url>().map_err(|_| missing())?;
        match endpoint.origin() == issuer.origin() {
            true => Ok(endpoint),
            false => Err(TokenFault::NoMtlsEndpoint { endpoint: name }),
        }
    }
}

pub(crate) async fn discover(client: &Client, issuer: &str) -> Result<AuthorizationServer, Error> {
    for url in places(issuer)? {
        let request = client.get(url.clone()).timeout(PATIENCE);
        let request = request.header(ACCEPT, "application/json");
        let mut answer = request.send_any_status().await?;
        if answer.status() == StatusCode::NOT_FOUND {
            continue;
        }
        answer = answer.into_success().await?;
        let body = answer.body_within(LARGEST).await.unwrap_or_default();
        let server = document::read_metadata(&body, issuer);
        return server.map_err(|fault| Error::new(Kind::Token(fault)).at(&url));
    }
    let reason = format!("`{issuer}` has no metadata");
    Err(Error::new(Kind::Token(TokenFault::Malformed { reason })))
}

/// RFC 8414, section 3.1: before the path of the issuer; OpenID Connect Discovery, section 4: after it.
fn places(issuer: &str) -> Result<[Url; 2], Error> {
    let unreadable = |reason: String| Error::new(Kind::Request(RequestFault::Url { reason }));
    let url: Url = issuer
        .parse()
        .map_err(|error| unreadable(format!("the issuer: {error}")))?;
    let path = url.path().trim_end_matches('/');
    let at = |path: String| {
        let mut place = url.clone();
        place.set_path(&path);
        place.set_query(None);
        place.set_fragment(None);
        place
    };
    Ok([
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ])
}

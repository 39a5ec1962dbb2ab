use crate::token_server::{Issuer, ScopeRule};
use crate::{Clients, SigningKeys};

/// What an authorization server decides by.
#[derive(Debug)]
pub struct Settings {
    issuer: Issuer,
    audience: String,
    clients: Clients,
    scopes: Vec<ScopeRule>,
    aliases: Option<Issuer>,
    pub(super) keys: SigningKeys,
}

impl Settings {
    /// A server that is called `issuer`; its tokens are for `audience` where nobody says otherwise, are signed by `keys`
    /// and last for as long as these say at most.
    pub fn new(
        issuer: Issuer,
        audience: impl Into<String>,
        keys: SigningKeys,
        clients: Clients,
    ) -> Self {
        Self {
            issuer,
            audience: audience.into(),
            clients,
            scopes: Vec::new(),
            aliases: None,
            keys,
        }
    }

    /// Knows a word of a scope. Of two rules for one word the first counts.
    #[must_use]
    pub fn scope(mut self, rule: ScopeRule) -> Self {
        self.scopes.push(rule);
        self
    }

    /// Tells clients with certificates to come to `base` instead (RFC 8705, section 5): another name of the same server.
    #[must_use]
    pub fn aliases(mut self, base: Issuer) -> Self {
        self.aliases = Some(base);
        self
    }

    /// What the server is called.
    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The API that tokens are for where nobody says otherwise.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Who may ask.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// What may be asked for.
    pub fn scopes(&self) -> &[ScopeRule] {
        &self.scopes
    }

    pub(super) fn base_of_aliases(&self) -> Option<&Issuer> {
        self.aliases.as_ref()
    }

    pub(super) fn has_audience(&self, audience: &str) -> bool {
        let rules = self.scopes.iter();
        audience == self.audience || rules.map(ScopeRule::audience).any(|one| one == audience)
    }
}

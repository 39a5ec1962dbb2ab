//! The part of the document that makes an authorization server.

use std::path::{Path, PathBuf};

use countersign_identity::Psd2Role;
use countersign_oauth::{RegistrationError, ScopeRule, Subject};
use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::{Document, Outcome, Reader, Word};
use crate::config::{ClientConfig, OAuthConfig, ProofConfig, Protects};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OAuthEntry {
    issuer: Word,
    #[serde(default)]
    audience: Option<Word>,
    #[serde(default)]
    lifetime: Option<Word>,
    key: PathBuf,
    #[serde(default)]
    next_key: Option<PathBuf>,
    #[serde(default)]
    retired_keys: Vec<PathBuf>,
    #[serde(default)]
    aliases: Option<Word>,
    #[serde(default)]
    protects: Vec<Word>,
    #[serde(default)]
    clients: Vec<Spanned<ClientEntry>>,
    #[serde(default)]
    scopes: Vec<ScopeEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientEntry {
    principal: Word,
    #[serde(default)]
    subject_dn: Option<Word>,
    #[serde(default)]
    san_dns: Option<Word>,
    #[serde(default)]
    san_uri: Option<Word>,
    #[serde(default)]
    san_ip: Option<Word>,
    #[serde(default)]
    san_email: Option<Word>,
    #[serde(default)]
    jwks: Option<PathBuf>,
    #[serde(default)]
    scope: Option<Word>,
    #[serde(default)]
    introspects: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeEntry {
    word: Word,
    #[serde(default)]
    permission: Option<Word>,
    #[serde(default)]
    role: Option<Word>,
    #[serde(default)]
    audience: Option<String>,
}

impl Reader<'_> {
    /// None, where the document has no such part. A gateway has the routes that it is given, and no other.
    pub(super) fn oauth(&self, document: &Document) -> Outcome<Option<OAuthConfig>> {
        let Some(spanned) = &document.oauth else {
            return Ok(None);
        };
        if !document.routes.is_empty() {
            let wanted = "a gateway issues no tokens: wanted `oauth` or `routes`, not both";
            return Err(self.refused(spanned.span(), wanted));
        }
        if document.storage.is_none() {
            let wanted = "what is issued must be remembered: wanted `storage` at the top";
            return Err(self.refused(spanned.span(), wanted));
        }
        self.token_server(spanned.get_ref()).map(Some)
    }

    fn token_server(&self, entry: &OAuthEntry) -> Outcome<OAuthConfig> {
        let audience = entry.audience.as_ref().unwrap_or(&entry.issuer).get_ref();
        let retired = entry.retired_keys.iter();
        let aliases = entry.aliases.as_ref();
        let scopes = entry.scopes.iter();
        Ok(OAuthConfig {
            issuer: self.parse(&entry.issuer)?,
            audience: audience.clone(),
            lifetime: self.lifetime(entry.lifetime.as_ref())?,
            key: self.file(&entry.key),
            next_key: entry.next_key.as_ref().map(|path| self.file(path)),
            retired_keys: retired.map(|path| self.file(path)).collect(),
            aliases: aliases.map(|word| self.parse(word)).transpose()?,
            clients: self.clients(&entry.clients)?,
            scopes: scopes
                .map(|scope| self.scope(scope, audience))
                .collect::<Outcome<_>>()?,
            protects: self.protects(&entry.protects)?,
        })
    }

    /// A file, or the URL of a PostgreSQL.
    pub(super) fn storage(&self, word: &Word) -> String {
        let text = word.get_ref();
        match text.starts_with("postgres://") || text.starts_with("postgresql://") {
            true => text.clone(),
            false => format!("sqlite:{}", self.file(Path::new(text)).display()),
        }
    }

    fn lifetime(&self, word: Option<&Word>) -> Outcome<SignedDuration> {
        let Some(word) = word else {
            return Ok(LIFETIME);
        };
        let lifetime = word.get_ref().parse::<SignedDuration>().ok();
        let lifetime = lifetime.filter(|lifetime| (SHORTEST..=LONGEST).contains(lifetime));
        lifetime.ok_or_else(|| self.refused(word.span(), "wanted a time of 1s to 24h, as `5m`"))
    }

    fn clients(&self, entries: &[Spanned<ClientEntry>]) -> Outcome<Vec<ClientConfig>> {
        let mut clients: Vec<ClientConfig> = Vec::new();
        for spanned in entries {
            let client = self.client(spanned)?;
            let mut others = clients.iter().map(|other| &other.principal);
            if others.any(|other| *other == client.principal) {
                let message = format!("`{}` is a client already", client.principal);
                return Err(self.refused(spanned.get_ref().principal.span(), message));
            }
            clients.push(client);
        }
        Ok(clients)
    }

    fn client(&self, spanned: &Spanned<ClientEntry>) -> Outcome<ClientConfig> {
        let entry = spanned.get_ref();
        let scope = entry.scope.as_ref();
        Ok(ClientConfig {
            principal: self.parse(&entry.principal)?,
            proof: self.proof(spanned)?,
            scope: scope.map(|word| self.parse(word)).transpose()?,
            introspects: entry.introspects.clone(),
        })
    }

    /// Exactly one (RFC 8705, section 2.1.2).
    fn proof(&self, spanned: &Spanned<ClientEntry>) -> Outcome<ProofConfig> {
        let entry = spanned.get_ref();
        let kinds: [(&Option<Word>, Read); 5] = [
            (&entry.subject_dn, Subject::dn),
            (&entry.san_dns, Subject::dns),
            (&entry.san_uri, Subject::uri),
            (&entry.san_ip, Subject::ip),
            (&entry.san_email, Subject::email),
        ];
        let said = kinds
            .into_iter()
            .filter_map(|(word, read)| Some((word.as_ref()?, read)));
        let mut said = said.collect::<Vec<_>>().into_iter();
        match (said.next(), said.next(), &entry.jwks) {
            (Some((word, read)), None, None) => {
                let subject = read(word.get_ref());
                let subject = subject.map_err(|error| self.refused(word.span(), error))?;
                Ok(ProofConfig::Subject(subject))
            }
            (None, None, Some(path)) => Ok(ProofConfig::KeySet(self.file(path))),
            _ => Err(self.refused(
                spanned.span(),
                "wanted one of `subject_dn`, `san_dns`, `san_uri`, `san_ip`, `san_email` and `jwks`",
            )),
        }
    }

    fn scope(&self, entry: &ScopeEntry, audience: &str) -> Outcome<ScopeRule> {
        // A word that no scope could have would never be asked for.
        let scope: countersign_oauth::Scope = self.parse(&entry.word)?;
        if scope.words().count() != 1 {
            return Err(self.refused(entry.word.span(), "wanted one word"));
        }
        let permission = self.parse(entry.permission.as_ref().unwrap_or(&entry.word))?;
        let audience = entry.audience.as_deref().unwrap_or(audience);
        let rule = ScopeRule::new(entry.word.get_ref(), permission, audience);
        Ok(match &entry.role {
            Some(role) => rule.role(self.parse::<Psd2Role>(role)?),
            None => rule,
        })
    }

    fn protects(&self, words: &[Word]) -> Outcome<Protects> {
        let mut protects = Protects::default();
        for word in words {
            match word.get_ref().as_str() {
                "transactions" => protects.transactions = true,
                "open-banking" => protects.open_banking = true,
                other => {
                    let message = format!("`{other}` is none of `transactions`, `open-banking`");
                    return Err(self.refused(word.span(), message));
                }
            }
        }
        Ok(protects)
    }
}

type Read = fn(&str) -> Result<Subject, RegistrationError>;

const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
const SHORTEST: SignedDuration = SignedDuration::from_secs(1);
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

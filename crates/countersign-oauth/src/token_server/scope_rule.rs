use countersign_axum::{Code, Fault};
use countersign_identity::{Psd2, Psd2Role};
use countersign_policy::PermissionName;

use super::fault::{INVALID_SCOPE, INVALID_TARGET};
use super::{Proven, Refusal, Settings};
use crate::Scope;

/// A word of a scope: who may ask for it, and at which API it is good for something.
///
/// ```
/// use countersign_identity::Psd2Role;
/// use countersign_oauth::ScopeRule;
///
/// let accounts = ScopeRule::new("accounts", "accounts:read".parse()?, "https://api.example")
///     .role(Psd2Role::AccountInformation);
/// assert_eq!(accounts.word(), "accounts");
/// # Ok::<(), &'static str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeRule {
    word: String,
    permission: PermissionName,
    audience: String,
    role: Option<Psd2Role>,
}

impl ScopeRule {
    /// `word`, for principals that hold `permission`, at `audience`.
    pub fn new(
        word: impl Into<String>,
        permission: PermissionName,
        audience: impl Into<String>,
    ) -> Self {
        Self {
            word: word.into(),
            permission,
            audience: audience.into(),
            role: None,
        }
    }

    /// For those alone whose certificate has `role`, too.
    #[must_use]
    pub fn role(mut self, role: Psd2Role) -> Self {
        self.role = Some(role);
        self
    }

    /// The word.
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The API.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Whether `who` may have it.
    fn permit(&self, who: &Proven<'_>) -> Result<(), Fault> {
        let (word, name) = (&self.word, who.client.principal());
        if !who.client.may_ask_for(word) {
            let detail = format!("`{name}` is not registered for `{word}`");
            return Err(Fault::new(Code::PermissionMissing, detail));
        }
        who.caller.principal().hold(self.permission.as_str())?;
        if let Some(role) = self.role {
            Psd2::of_tls(who.certificate)?.require(role)?;
        }
        Ok(())
    }
}

/// What a token will be good for, and where.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) scope: Scope,
    pub(super) audience: String,
}

/// What `who` gets of the scope that it asks for, at `resource` (RFC 8707) if it names one: all of it or nothing. Who asks for
/// nothing in particular gets whatever it may have at one API.
pub(super) fn grant(
    settings: &Settings,
    who: &Proven<'_>,
    scope: &Scope,
    resource: Option<&str>,
) -> Result<Granted, Refusal> {
    if let Some(unknown) = resource.filter(|resource| !settings.has_audience(resource)) {
        let why = format!("there is no API {unknown}");
        return Err(Refusal::request(INVALID_TARGET, why));
    }
    match scope.is_empty() {
        true => Ok(everything(settings, who, resource)?),
        false => asked(settings, who, scope, resource),
    }
}

fn asked(
    settings: &Settings,
    who: &Proven<'_>,
    scope: &Scope,
    resource: Option<&str>,
) -> Result<Granted, Refusal> {
    let mut audience = resource;
    for word in scope.words() {
        let rule = settings.scopes().iter().find(|rule| rule.word == word);
        let rule = rule.ok_or_else(|| wrong(format!("there is no scope {word}")))?;
        rule.permit(who)
            .map_err(|fault| fault.worded(INVALID_SCOPE))?;
        if *audience.get_or_insert(&rule.audience) != rule.audience {
            return Err(wrong(format!("{word} is for another API")));
        }
    }
    Ok(Granted {
        scope: scope.clone(),
        audience: audience.unwrap_or_else(|| settings.audience()).to_owned(),
    })
}

fn everything(
    settings: &Settings,
    who: &Proven<'_>,
    resource: Option<&str>,
) -> Result<Granted, Refusal> {
    let audience = resource.unwrap_or_else(|| settings.audience());
    let rules = settings.scopes().iter();
    let here = rules.filter(|rule| rule.audience == audience);
    let may = here.filter(|rule| rule.permit(who).is_ok());
    let words: Vec<_> = may.map(ScopeRule::word).collect();
    let scope: Scope = words.join(" ").parse().unwrap_or_default();
    match scope.is_empty() {
        true => Err(wrong("there is no scope that the client may have")),
        false => Ok(Granted {
            scope,
            audience: audience.to_owned(),
        }),
    }
}

fn wrong(why: impl Into<String>) -> Refusal {
    Refusal::request(INVALID_SCOPE, why)
}

//! The explanation, for programs.

use countersign_axum::Access;
use countersign_policy::Explanation;
use countersign_tls::Vote;
use serde_json::{Value, json};

use super::case::{Case, Decision};
use super::logged::Logged;

pub(super) fn of(case: &Case<'_>, decision: &Decision<'_>) -> Value {
    let mut document = decided(case, decision);
    if let (Some(logged), Value::Object(members)) = (case.logged, &mut document) {
        members.insert("logged".to_owned(), refusal(logged));
    }
    document
}

fn decided(case: &Case<'_>, decision: &Decision<'_>) -> Value {
    let refused = decision.verdict.as_ref().err();
    json!({
        "decision": if refused.is_none() { "allowed" } else { "denied" },
        "code": refused.map(|refused| refused.code.as_str()),
        "status": refused.map(|refused| refused.code.status()),
        "detail": refused.map(|refused| &refused.detail),
        "certificate": certificate(case),
        "trusts": decision.examination.votes.iter().map(vote).collect::<Value>(),
        "identity": identity(case, decision),
        "principal": decision.policy.as_ref().and_then(principal),
        "elsewhere": decision.policy.as_ref().map(elsewhere),
        "route": route(decision),
        "granting_roles": decision.policy.as_ref().map(granting),
    })
}

fn refusal(logged: &Logged) -> Value {
    json!({
        "time": logged.text("time"),
        "code": logged.text("code"),
        "detail": logged.text("detail"),
        "address": logged.text("address"),
    })
}

fn certificate(case: &Case<'_>) -> Value {
    let certificate = case.certificate;
    let names = certificate.alt_names().iter().map(ToString::to_string);
    json!({
        "subject": certificate.subject().to_string(),
        "sans": names.collect::<Vec<_>>(),
        "issuer": certificate.issuer().to_string(),
        "serial": certificate.serial(),
        "not_before": certificate.not_before().to_string(),
        "not_after": certificate.not_after().to_string(),
        "thumbprint": certificate.thumbprint().to_string(),
        "pin": certificate.pin().to_string(),
    })
}

fn vote(vote: &Vote) -> Value {
    let path = vote.verdict.as_ref().ok();
    let path = path.map(|path| path.iter().map(ToString::to_string).collect::<Vec<_>>());
    let refusal = vote.verdict.as_ref().err();
    json!({
        "trust": vote.trust.as_str(),
        "vouches": path.is_some(),
        "path": path,
        "code": refusal.map(|refusal| refusal.code().as_str()),
        "detail": refusal.map(ToString::to_string),
    })
}

fn identity(case: &Case<'_>, decision: &Decision<'_>) -> Value {
    let Ok(Ok(identity)) = &decision.examination.identity else {
        return Value::Null;
    };
    let trust = case.trust(identity.trust().as_str());
    let rule = trust.and_then(|trust| trust.rules().allowing(identity.name()));
    json!({
        "trust": identity.trust().as_str(),
        "name": identity.name().to_string(),
        "rule": rule.map(ToString::to_string),
    })
}

fn principal(policy: &Explanation<'_>) -> Option<Value> {
    let (principal, position) = policy.principal?;
    Some(json!({
        "name": principal.name().as_str(),
        "line": position.line,
        "column": position.column,
        "roles": principal.roles().iter().map(|role| role.as_str()).collect::<Vec<_>>(),
        "permissions": principal.permissions().map(|name| name.as_str()).collect::<Vec<_>>(),
        "granted_by": policy.grant.map(ToString::to_string),
    }))
}

fn elsewhere(policy: &Explanation<'_>) -> Value {
    let found = policy.elsewhere.iter();
    found
        .map(|(identity, principal, position)| {
            json!({
                "identity": identity.to_string(),
                "principal": principal.name().as_str(),
                "line": position.line,
                "column": position.column,
            })
        })
        .collect()
}

fn granting<'a>(policy: &'a Explanation<'_>) -> Vec<&'a str> {
    policy.granting.iter().map(|role| role.as_str()).collect()
}

fn route(decision: &Decision<'_>) -> Value {
    let Ok(line) = decision.route else {
        return Value::Null;
    };
    let permission = match &line.access {
        Access::Guarded(permission) => Some(permission.as_str()),
        _ => None,
    };
    let access = match &line.access {
        Access::Guarded(_) => "guarded",
        Access::Open => "open",
        _ => "public",
    };
    json!({
        "method": line.method_name(),
        "path": line.path,
        "access": access,
        "permission": permission,
    })
}

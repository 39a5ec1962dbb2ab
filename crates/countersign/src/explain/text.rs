//! The explanation, for people.

use countersign_axum::Access;
use countersign_identity::{AltName, Identity, Scheme};
use countersign_tls::Vote;

use super::case::{Case, Decision};
use super::logged::Logged;
use crate::ui;

/// Lines of two cells: the step, and what came of it.
pub(super) fn lines(case: &Case<'_>, decision: &Decision<'_>) -> Vec<Vec<String>> {
    let mut steps = Vec::new();
    steps.extend(case.logged.map(|logged| ("logged", refusal(logged))));
    steps.push(("certificate", certificate(case)));
    steps.extend(
        decision
            .examination
            .votes
            .iter()
            .map(|vote| ("trust", vouches(vote))),
    );
    match &decision.examination.identity {
        Err(_) => {}
        Ok(Err(error)) => steps.push(("name", format!("none: {error}"))),
        Ok(Ok(identity)) => steps.push(("name", name(case, identity))),
    }
    let named = match &decision.examination.identity {
        Ok(Ok(_)) => "also named",
        _ => "named",
    };
    steps.extend(others(case, decision).map(|other| (named, other)));
    if let Some(policy) = &decision.policy {
        steps.push(("principal", policy.who()));
    }
    steps.push(("route", route(case, decision)));
    if let Some(policy) = &decision.policy {
        steps.extend(policy.by_what().map(|found| ("permission", found)));
    }
    steps.push(("decision", verdict(decision)));
    let cells = steps.into_iter();
    cells
        .map(|(step, found)| vec![step.to_owned(), found])
        .collect()
}

fn refusal(logged: &Logged) -> String {
    let [time, code, address] = ["time", "code", "address"].map(|member| logged.text(member));
    format!("{code} at {time}, from {address}")
}

fn certificate(case: &Case<'_>) -> String {
    let certificate = case.certificate;
    let subject = match certificate.subject().is_empty() {
        true => "no subject".to_owned(),
        false => certificate.subject().to_string(),
    };
    let (from, until) = (certificate.not_before(), certificate.not_after());
    format!("{subject}; from {from} until {until}")
}

fn vouches(vote: &Vote) -> String {
    match &vote.verdict {
        Err(refusal) => format!("`{}` does not vouch: {refusal}", vote.trust),
        Ok(path) if path.is_empty() => format!("`{}` vouches: the key is pinned", vote.trust),
        Ok(path) => {
            let path: Vec<_> = path.iter().map(ToString::to_string).collect();
            format!("`{}` vouches, by {}", vote.trust, path.join(", by "))
        }
    }
}

fn name(case: &Case<'_>, identity: &Identity) -> String {
    let trust = case.trust(identity.trust().as_str());
    let rule = trust.and_then(|trust| trust.rules().allowing(identity.name()));
    match rule {
        Some(rule) => format!(
            "{}, as `{}` may vouch for `{rule}`",
            identity.name(),
            identity.trust()
        ),
        None => format!("{}, under `{}`", identity.name(), identity.trust()),
    }
}

/// The names that do not identify here.
fn others<'a>(case: &Case<'a>, decision: &Decision<'_>) -> impl Iterator<Item = String> + 'a {
    let identity = match &decision.examination.identity {
        Ok(Ok(identity)) => Some(identity.name().to_string()),
        _ => None,
    };
    let names = case.certificate.alt_names().iter().map(AltName::to_string);
    let common = case.certificate.subject().common_names();
    let common = common.map(|name| format!("{}:{name}", Scheme::CommonName));
    names
        .chain(common.collect::<Vec<_>>())
        .filter(move |name| Some(name) != identity.as_ref())
}

fn route(case: &Case<'_>, decision: &Decision<'_>) -> String {
    let asked = format!("{} {}", case.method, case.path);
    match decision.route {
        Err(missing) => format!("{asked}: {missing}"),
        Ok(line) => {
            let needs = match &line.access {
                Access::Guarded(permission) => format!("needs `{permission}`"),
                Access::Open => "is open to everybody whom the policy knows".to_owned(),
                _ => "is public".to_owned(),
            };
            format!("{asked} ({} {}) {needs}", line.method_name(), line.path)
        }
    }
}

fn verdict(decision: &Decision<'_>) -> String {
    match &decision.verdict {
        Ok(()) => ui::painted("allowed", "allowed"),
        Err(refused) => {
            let (status, code) = (refused.code.status(), refused.code);
            format!(
                "{}, {status} {code}: {}",
                ui::painted("denied", "denied"),
                refused.detail
            )
        }
    }
}

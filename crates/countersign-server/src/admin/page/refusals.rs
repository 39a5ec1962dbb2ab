//! Who was refused, with which certificate, and why?

use countersign_axum::audit::EventKind;
use countersign_axum::{Access, AuditEvent, Kept, RouteTable, Snapshot};
use countersign_identity::Certificate;
use countersign_policy::Requirement;
use data_encoding::BASE64;
use jiff::Timestamp;
use maud::{Markup, html};

use super::heading;
use super::moment::{relative, time};
use crate::admin::Admin;

/// The last of them.
const MOST: usize = 50;

pub(super) fn section(admin: &Admin, snapshot: &Snapshot, now: Timestamp) -> Markup {
    let refusals = admin.metrics.refusals();
    let refusals = refusals
        .iter()
        .filter(|kept| kept.event.kind != EventKind::Reload);
    let refusals: Vec<_> = refusals.take(MOST).collect();
    let about = "The last 50, the newest first. Open one for the certificate, and for what the policy in force says.";
    html! {
        section aria-labelledby="refusals" {
            (heading("refusals", "Refusals", about))
            @if refusals.is_empty() { p.none { "Nobody was refused." } }
            @else { ol.refusals { @for kept in refusals {
                li { (refusal(kept, &admin.table, snapshot, now)) }
            } } }
        }
    }
}

fn refusal(kept: &Kept, table: &RouteTable, snapshot: &Snapshot, now: Timestamp) -> Markup {
    let event = &*kept.event;
    html! {
        details id={ "refusal-" (id(kept)) } {
            summary {
                span.code { (event.code.map_or(event.outcome.as_str(), |code| code.as_str())) }
                span.who { (who(event)) }
                span.when { (relative(event.time, now)) }
                span.why { (event.detail().unwrap_or("no reason is known")) }
            }
            dl.facts {
                (fact("When", html! { (time(event.time)) }))
                (fact("What", html! { (what(event)) }))
                @if let Some(address) = event.address() { (fact("From", html! { (address) })) }
                @if let Some(id) = &event.correlation_id { (fact("Correlation id", html! { code { (id.as_str()) } })) }
                @if let Some(alert) = event.alert() { (fact("TLS alert", html! { (alert) })) }
                @if let Some(certificate) = event.certificate() { (facts(certificate)) }
                @else { (fact("Certificate", html! { (unread(event)) })) }
                @if let Some(leaf) = event.presented() { (fact("As presented", itself(kept, leaf))) }
                (explained(event, table, snapshot))
            }
        }
    }
}

/// The time besides: after a restart the numbers begin anew.
fn id(kept: &Kept) -> String {
    format!("{}-{}", kept.number, kept.event.time.as_second())
}

/// Our name for it; else the name that a trust vouched for; else what its certificate says.
fn who(event: &AuditEvent) -> String {
    let principal = event.principal().map(ToString::to_string);
    let identity = event.identity();
    let identity = identity.map(|identity| identity.name().to_string());
    let certificate = || match (event.certificate(), event.presented()) {
        (Some(certificate), _) => says(certificate),
        (None, Some(_)) => "a certificate that cannot be read".to_owned(),
        (None, None) => "no certificate".to_owned(),
    };
    principal.or(identity).unwrap_or_else(certificate)
}

/// Its subject, or its first name where it has none.
fn says(certificate: &Certificate) -> String {
    let first = certificate.alt_names().first().map(ToString::to_string);
    match certificate.subject().is_empty() {
        true => first.unwrap_or_else(|| subject(certificate)),
        false => subject(certificate),
    }
}

fn what(event: &AuditEvent) -> String {
    let route = event.route.as_deref().unwrap_or("a path that is not there");
    match (&event.method, event.kind) {
        (Some(method), _) => format!("{method} {route}"),
        (None, kind) => kind.as_str().to_owned(),
    }
}

fn facts(certificate: &Certificate) -> Markup {
    let names = certificate.alt_names().iter().map(ToString::to_string);
    html! {
        (fact("Subject", html! { (subject(certificate)) }))
        @for name in names { (fact("Name", html! { (name) })) }
        (fact("Issuer", html! { (certificate.issuer()) }))
        (fact("Ends", html! { (time(certificate.not_after())) }))
        (fact("Serial", html! { code { (certificate.serial()) } }))
        (fact("Thumbprint", html! { code { (certificate.thumbprint()) } }))
    }
}

/// Why there are no facts of a certificate.
fn unread(event: &AuditEvent) -> &'static str {
    match event.presented() {
        Some(_) => "it cannot be read",
        None => "none",
    }
}

/// For `openssl` and `countersign explain`, whatever it is.
fn itself(kept: &Kept, leaf: &[u8]) -> Markup {
    // Of 48 bytes come the 64 letters of a line (RFC 7468).
    let lines = leaf.chunks(48).map(|bytes| BASE64.encode(bytes) + "\n");
    let lines = lines.collect::<String>();
    html! {
        details id={ "pem-" (id(kept)) } {
            summary { "PEM" }
            pre { "-----BEGIN CERTIFICATE-----\n" (lines) "-----END CERTIFICATE-----" }
        }
    }
}

fn fact(what: &str, value: Markup) -> Markup {
    html! { div { dt { (what) } dd { (value) } } }
}

fn subject(certificate: &Certificate) -> String {
    match certificate.subject().is_empty() {
        true => "no subject".to_owned(),
        false => certificate.subject().to_string(),
    }
}

/// What the policy in force makes of the caller; nothing where no trust vouched for a name.
fn explained(event: &AuditEvent, table: &RouteTable, snapshot: &Snapshot) -> Markup {
    let Some(identity) = event.identity() else {
        return fact("Policy", html! { "not asked: no trust vouched for a name" });
    };
    let requirement = requirement(event, table).unwrap_or(Requirement::Known);
    let directory = snapshot.directory();
    let explanation = directory.explain(identity, &requirement, event.time);
    html! {
        (fact("Identity", html! { (identity.name()) ", for which the trust " b { (identity.trust()) } " vouched" }))
        (fact("Principal", html! { (explanation.who()) }))
        @if let Some(asked) = &explanation.asked { (fact("The route asks for", html! { code { (asked) } })) }
        @if let Some(by_what) = explanation.by_what() { (fact("Permission", html! { (by_what) })) }
        (fact("Policy in force", match &explanation.verdict {
            Ok(()) => html! { "would allow it" },
            Err(denial) => html! { "denies it: " (denial) },
        }))
    }
}

fn requirement(event: &AuditEvent, table: &RouteTable) -> Option<Requirement> {
    let (method, route) = (event.method.as_ref()?, event.route.as_deref()?);
    match &table.find(method, route).ok()?.access {
        Access::Guarded(permission) => Some(Requirement::Permission(permission.clone())),
        _ => Some(Requirement::Known),
    }
}

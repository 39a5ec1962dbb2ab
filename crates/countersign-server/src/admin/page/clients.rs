//! Who gets tokens here, and how many?

use std::collections::BTreeMap;

use countersign_axum::Acts;
use countersign_oauth::{OAuthClient, TokenServer};
use countersign_policy::PrincipalName;
use jiff::Timestamp;
use maud::{Markup, html};

use super::moment::relative;
use super::{CLIENTS, heading};

type ByPrincipal = BTreeMap<PrincipalName, Acts>;

/// The registered clients of `tokens`, and who asked for one without being registered.
pub(super) fn section(tokens: &TokenServer, issued: &ByPrincipal, now: Timestamp) -> Markup {
    let settings = tokens.settings();
    let clients: Vec<_> = settings.clients().iter().collect();
    let strangers = strangers(&clients, issued);
    let about = "Programs that may ask for access tokens, and who asked without being one; tokens since the start.";
    html! {
        section aria-labelledby=(CLIENTS) {
            (heading(CLIENTS, "OAuth clients", about))
            @if clients.is_empty() && strangers.is_empty() { p.none { "No client is registered." } }
            @else { table.clients aria-labelledby=(CLIENTS) {
                thead { tr {
                    th scope="col" { "Client" }
                    th scope="col" { "Last token" }
                    th.number scope="col" { "Issued" }
                    th.number scope="col" { "Refused" }
                } }
                tbody {
                    @for client in clients { (row(client.principal(), client.proof().method(), issued, now)) }
                    @for name in strangers { (row(name, "is no client", issued, now)) }
                }
            } }
        }
    }
}

fn strangers<'a>(clients: &[&OAuthClient], issued: &'a ByPrincipal) -> Vec<&'a PrincipalName> {
    let is_client = |name: &PrincipalName| clients.iter().any(|client| client.principal() == name);
    issued.keys().filter(|name| !is_client(name)).collect()
}

fn row(name: &PrincipalName, proof: &str, issued: &ByPrincipal, now: Timestamp) -> Markup {
    let acts = issued.get(name).copied().unwrap_or_default();
    html! { tr {
        th scope="row" { b { (name) } small { (proof) } }
        td { @if let Some(last) = acts.last { (relative(last, now)) } @else { span.quiet { "none" } } }
        td.number { (acts.done) }
        td.number { (acts.refused) }
    } }
}

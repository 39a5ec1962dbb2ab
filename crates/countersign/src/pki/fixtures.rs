use anyhow::{Context, Result};
use clap::Args;
use countersign_pki::{Catalogue, Fixture, Side};
use serde_json::{Value, json};

use crate::ui;

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct FixturesArgs {
    /// Print the names, one a line. This is the default.
    #[arg(long)]
    list: bool,

    /// Print everything as one JSON document, with certificates and keys.
    #[arg(long)]
    json: bool,

    /// Print the page of the reference, `docs/reference/verdicts.md`.
    #[arg(long)]
    markdown: bool,
}

/// `countersign pki fixtures`.
pub(crate) fn run(args: FixturesArgs) -> Result<()> {
    if args.json {
        let all: Value = all()?.iter().map(document).collect();
        ui::data(format!("{all:#}"));
    } else if args.markdown {
        ui::data(page(&all()?).trim_end());
    } else {
        Catalogue::names().for_each(ui::data);
    }
    Ok(())
}

fn all() -> Result<Vec<Fixture>> {
    Catalogue::all().context("the catalogue cannot be made")
}

fn document(fixture: &Fixture) -> Value {
    let expected = &fixture.expected;
    let presented = fixture.presented.as_ref();
    json!({
        "name": fixture.name,
        "about": fixture.about,
        "side": match fixture.side {
            Side::Server => "server",
            _ => "client",
        },
        "scheme": fixture.scheme,
        "anchors": fixture.anchors_pem,
        "crl": fixture.crl_pem,
        "chain": presented.map(|presented| &presented.chain_pem),
        "key": presented.map(|presented| &presented.key_pem),
        "expected": {
            "stage": expected.stage.as_str(),
            "code": expected.code,
            "countersign": expected.countersign.to_string(),
            "openssl": expected.openssl.to_string(),
            "nginx": expected.nginx.to_string(),
            "pending": expected.pending,
        },
    })
}

fn page(fixtures: &[Fixture]) -> String {
    let mut page = HEAD.to_owned();
    for fixture in fixtures {
        let expected = &fixture.expected;
        let mut ours = expected.countersign.to_string();
        if let Some(code) = expected.code {
            ours = format!("{ours} `{code}`");
        }
        if let Some(what) = expected.pending {
            ours = format!("{ours}, pending: {what}");
        }
        let (name, about) = (fixture.name, fixture.about);
        let (stage, openssl, nginx) = (expected.stage, expected.openssl, expected.nginx);
        page += &format!("| `{name}` | {about} | {stage} | {ours} | {openssl} | {nginx} |\n");
    }
    page
}

const HEAD: &str = "\
# Verdicts

What becomes of each certificate of the catalogue, over TLS 1.3. Those of clients are judged by our server, by `openssl s_server -Verify` (OpenSSL 3.0)
and by nginx (`ssl_verify_client on`); those whose name begins with `server-` by our client and by `openssl s_client`, and an alert is then the one by which the
client refuses. Alerts have their numbers of RFC 8446: 42 bad_certificate, 43 unsupported_certificate, 44 certificate_revoked, 45 certificate_expired, 46 certificate_unknown, 48 unknown_ca,
51 decrypt_error, 116 certificate_required. nginx completes the handshake and answers 400. *Pending* marks a verdict of ours that is not built yet, and so
not asserted.

This page is what `countersign pki fixtures --markdown` prints; `countersign pki verify --against all` presents every line of it, and CI runs both.

| fixture | what it is | stage | countersign | OpenSSL | nginx |
| --- | --- | --- | --- | --- | --- |
";

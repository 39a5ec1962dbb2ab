//! Which certificates must be accepted, and which refused? The catalogue, printed or as files.

mod folder;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use countersign_pki::{Catalogue, Fixture, Side};
use serde_json::{Value, json};

use crate::ui;

/// List the catalogue of certificates, good and bad, with the verdicts that they deserve.
///
/// Prints the catalogue, or writes it as files.
///
/// Exit codes: 0 done, 1 failed, 2 not understood.
#[derive(Debug, Args)]
pub(crate) struct FixturesArgs {
    /// Print the names, one a line. This is the default.
    #[arg(long, conflicts_with_all = ["markdown", "out"])]
    list: bool,

    /// Print everything as one JSON document, with certificates and keys; with --list the names alone,
    /// with --out where it was written.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print the page of the reference, `docs/reference/verdicts.md`.
    #[arg(long, conflicts_with = "out")]
    markdown: bool,

    /// Write them into that folder, which must not be there yet or be empty: NAME.pem, NAME-key.pem,
    /// NAME-anchors.pem and NAME-crl.pem as far as a fixture has them, and expected.json. Prints the
    /// path of the latter, which is written last.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Only those with this text in their names.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// `countersign pki fixtures`.
pub(crate) fn run(args: FixturesArgs) -> Result<()> {
    let only = args.only.unwrap_or_default();
    if let Some(dir) = args.out {
        let expected = folder::write(&dir, &chosen(&only)?)?;
        match args.json {
            true => ui::data(json!({ "dir": dir, "expected": expected })),
            false => ui::data(expected.display()),
        }
    } else if args.list && args.json {
        ui::data(json!(names(&only)?));
    } else if args.json {
        let all: Value = chosen(&only)?.iter().map(with_contents).collect();
        ui::data(format!("{all:#}"));
    } else if args.markdown {
        ui::data(page(&chosen(&only)?).trim_end());
    } else {
        names(&only)?.into_iter().for_each(ui::data);
    }
    Ok(())
}

fn names(only: &str) -> Result<Vec<&'static str>> {
    let names: Vec<_> = Catalogue::names()
        .filter(|name| name.contains(only))
        .collect();
    ensure!(!names.is_empty(), "no fixture has `{only}` in its name");
    Ok(names)
}

fn chosen(only: &str) -> Result<Vec<Fixture>> {
    let made = names(only)?.into_iter().map(Catalogue::get);
    let made: Result<Vec<_>, _> = made.filter_map(Result::transpose).collect();
    made.context("the catalogue cannot be made")
}

fn with_contents(fixture: &Fixture) -> Value {
    let presented = fixture.presented.as_ref();
    let mut document = document(fixture);
    let contents = [
        ("anchors", json!(fixture.anchors_pem)),
        ("crl", json!(fixture.crl_pem)),
        (
            "chain",
            json!(presented.map(|presented| &presented.chain_pem)),
        ),
        ("key", json!(presented.map(|presented| &presented.key_pem))),
    ];
    if let Value::Object(members) = &mut document {
        members.extend(contents.map(|(name, value)| (name.to_owned(), value)));
    }
    document
}

/// Without certificates and keys.
fn document(fixture: &Fixture) -> Value {
    let expected = &fixture.expected;
    json!({
        "name": fixture.name,
        "about": fixture.about,
        "side": match fixture.side {
            Side::Server => "server",
            _ => "client",
        },
        "scheme": fixture.scheme,
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

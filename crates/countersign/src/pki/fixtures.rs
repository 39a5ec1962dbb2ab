//! Which certificates must be accepted, and which refused? The catalogue, printed or as files.

mod folder;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use countersign_pki::{Catalogue, Fixture, Plan, Side, Store};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::source::Source;
use crate::cli::{DEV_FOLDER, OUTPUT};
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::failure::hinted;
use crate::moment::Now;
use crate::ui;

/// List the catalogue of certificates, good and bad, with the verdicts that they deserve.
///
/// Prints the catalogue, or writes it as files. With -f it is the fixtures of a manifest instead, made
/// from its certificates as the manifest says, with new keys and as of now.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct FixturesArgs {
    /// Print the names, one a line. This is the default.
    #[arg(long, conflicts_with_all = ["markdown", "out"], help_heading = OUTPUT)]
    list: bool,

    /// Print everything as one JSON document, with certificates and keys; with --list the names alone,
    /// with --out where it was written.
    #[arg(long, conflicts_with = "markdown", help_heading = OUTPUT)]
    json: bool,

    /// Print the page of the reference, `docs/reference/verdicts.md`.
    #[arg(long, conflicts_with = "out", help_heading = OUTPUT)]
    markdown: bool,

    /// Write them into that folder, which must not be there yet or be empty: NAME.pem, NAME-key.pem,
    /// NAME-anchors.pem and NAME-crl.pem as far as a fixture has them, and expected.json. Prints the
    /// path of the latter, which is written last.
    #[arg(short, long, value_name = "DIR", help_heading = OUTPUT)]
    out: Option<PathBuf>,

    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    now: Now,
}

const EXAMPLES: [Example; 4] = [
    ("What there is", "countersign pki fixtures"),
    (
        "As files, for tests in any language",
        "countersign pki fixtures --out fixtures-of-ours",
    ),
    (
        "One, with certificates, keys and verdicts",
        "countersign pki fixtures --json --only client-two-spiffe",
    ),
    (
        "The page of the reference",
        "countersign pki fixtures --markdown > docs/reference/verdicts.md",
    ),
];

/// Which fixtures.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only those with this text in their names.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// The fixtures of this manifest instead of the catalogue.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Those of the manifest in this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    dir: Option<PathBuf>,
}

/// `countersign pki fixtures`.
pub(crate) fn run(args: FixturesArgs) -> Result<Exit> {
    let (which, now) = (args.which, args.now.get());
    if let Some(dir) = args.out {
        let expected = folder::write(&dir, &which.made(now)?)?;
        match args.json {
            true => ui::data(json!({ "dir": dir, "expected": expected })),
            false => ui::data(expected.display()),
        }
    } else if args.list && args.json {
        ui::data(json!(which.names()?));
    } else if args.json {
        let all: Value = which.made(now)?.iter().map(with_contents).collect();
        ui::data(format!("{all:#}"));
    } else if args.markdown {
        ui::data(page(&which.made(now)?).trim_end());
    } else {
        which.names()?.into_iter().for_each(ui::data);
    }
    Ok(Exit::Done)
}

impl Which {
    /// The manifest, if it is not the catalogue.
    fn manifest(&self) -> Option<PathBuf> {
        let of_folder = || Some(Store::at(self.dir.as_ref()?).manifest_path());
        self.file.clone().or_else(of_folder)
    }

    fn names(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = match &self.manifest() {
            Some(file) => {
                let plan = plan(file, Timestamp::UNIX_EPOCH)?;
                plan.fixture_names().map(str::to_owned).collect()
            }
            None => Catalogue::names().map(str::to_owned).collect(),
        };
        names.retain(|name| self.has(name));
        self.check(!names.is_empty())?;
        Ok(names)
    }

    /// Those of the catalogue hold at any time, those of a manifest at that moment.
    pub(super) fn made(&self, now: Timestamp) -> Result<Vec<Fixture>> {
        if let Some(file) = &self.manifest() {
            let all = plan(file, now)?.fixtures();
            let mut all = all.with_context(|| format!("`{}`", file.display()))?;
            all.retain(|fixture| self.has(&fixture.name));
            self.check(!all.is_empty())?;
            return Ok(all);
        }
        let names = self.names()?.into_iter();
        let made = names.map(|name| Catalogue::get(&name));
        let made: Result<Vec<_>, _> = made.filter_map(Result::transpose).collect();
        made.context("the catalogue cannot be made")
    }

    fn has(&self, name: &str) -> bool {
        name.contains(self.only.as_deref().unwrap_or_default())
    }

    fn check(&self, there_are_some: bool) -> Result<()> {
        let only = self.only.as_deref().unwrap_or_default();
        match &self.manifest() {
            _ if there_are_some => Ok(()),
            Some(file) if only.is_empty() => Err(hinted(
                anyhow!("there is no fixture in `{}`", file.display()),
                "write one: countersign pki schema prints what may be said under [[fixture]]",
            )),
            _ => Err(hinted(
                anyhow!("no fixture has `{only}` in its name"),
                "`countersign pki fixtures` lists the names",
            )),
        }
    }
}

fn plan(file: &Path, now: Timestamp) -> Result<Plan> {
    let source = Source::read(&Store::at(DEV_FOLDER), Some(file))?;
    Ok(Plan::new(source.draft.manifest(), now))
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
    let known = fixture.known.as_ref();
    let known = known.map(|known| json!({"caller": known.caller, "vouched": known.vouched}));
    json!({
        "name": fixture.name,
        "about": fixture.about,
        "side": match fixture.side {
            Side::Server => "server",
            _ => "client",
        },
        "scheme": fixture.scheme,
        "known": known,
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
        let (name, about) = (&fixture.name, &fixture.about);
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

//! Presents the catalogue to verifiers and compares what becomes of it with what should.

mod caller;
mod countersign;
#[cfg(unix)]
mod nginx;
#[cfg(not(unix))]
mod nginx {
    use super::{Bench, Fixture, Result, Seen};

    pub(crate) async fn present(_: &Bench, _: &[&Fixture]) -> Result<Vec<Seen>> {
        anyhow::bail!("nginx judges on Unix systems only: it listens on a socket for each fixture")
    }
}
mod openssl;
mod pem;
mod servers;

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use countersign_pki::{Authority, Expected, Fixture, Issued, Outcome, Side, Verifier};
use countersign_tls::{Clock, SystemClock};
use jiff::Timestamp;
use serde_json::json;

use super::fixtures::Which;
use crate::cli::OUTPUT;
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::failure::hinted;
use crate::ui::{self, Progress};

/// Present the catalogue of certificates, good and bad, to verifiers, and compare the verdicts.
///
/// Presents every fixture over TLS on this machine, and prints a table of what became of it. With -f it is
/// the fixtures of a manifest instead of the catalogue: our server then knows the holder of the
/// certificate that a fixture is made from, and nobody else.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct VerifyArgs {
    /// Who is to judge.
    #[arg(long, value_enum, default_value = "countersign")]
    against: Against,

    #[command(flatten)]
    which: Which,

    /// The time by which our server and our client judge, such as 2040-01-01T00:00:00Z, and as of which the
    /// fixtures of a manifest are made [default: the present]. The other verifiers know only the present.
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,

    /// Print one JSON document instead of a table.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 3] = [
    ("Our server and our client", "countersign pki verify"),
    (
        "OpenSSL and nginx too, which have to be installed",
        "countersign pki verify --against all",
    ),
    (
        "The certificates that are bad on purpose in a manifest",
        "countersign pki verify -f psd2/pki.toml",
    ),
];

const ENDINGS: [Ending; 2] = [
    (Exit::Done, "no verdict differs"),
    (
        Exit::Failed,
        "a verdict differs, or a verifier is not installed",
    ),
];

/// Whose verdict is asked for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Against {
    /// All of them; those that are not installed are an error.
    All,
    /// Our own server.
    Countersign,
    /// nginx.
    Nginx,
    /// `openssl s_server`.
    Openssl,
}

/// `countersign pki verify`.
pub(crate) async fn run(args: VerifyArgs) -> Result<Exit> {
    let fixtures = args.which.made(args.clock.unwrap_or_else(Timestamp::now))?;
    let verifiers = verifiers(args.against);
    let bench = Bench::new(clock(&args)?, fixtures.len() * verifiers.len())?;
    let mut verdicts: Vec<Vec<Verdict>> = Vec::new();
    for verifier in &verifiers {
        verdicts.push(bench.present(*verifier, &fixtures).await?);
    }
    drop(bench);
    let rows: Vec<_> = (fixtures.iter().enumerate())
        .map(|(index, fixture)| {
            let verdicts = verdicts.iter().filter_map(|each| each.get(index));
            (fixture, verdicts.collect::<Vec<_>>())
        })
        .collect();
    match args.json {
        true => ui::data(as_json(&verifiers, &rows)),
        false => print(&verifiers, &rows),
    }
    sum_up(&rows)
}

fn sum_up(rows: &[(&Fixture, Vec<&Verdict>)]) -> Result<Exit> {
    let verdicts = rows.iter().flat_map(|(_, verdicts)| verdicts);
    let differences = verdicts.filter(|verdict| verdict.differs()).count();
    let pending = rows.iter().filter(|row| row.0.expected.pending.is_some());
    ui::note(format!(
        "{}, {} of ours pending, {}",
        ui::count(rows.len(), "fixture"),
        ui::count(pending.count(), "verdict"),
        ui::count(differences, "difference"),
    ));
    match differences {
        0 => Ok(Exit::Done),
        _ => Err(hinted(
            anyhow!("{differences} of the verdicts are not those expected"),
            "EXPECTED in the table says what was; docs/reference/verdicts.md says why",
        )),
    }
}

fn clock(args: &VerifyArgs) -> Result<Arc<dyn Clock>> {
    match args.clock {
        Some(at) if matches!(args.against, Against::Countersign) => Ok(Arc::new(Standing(at))),
        Some(_) => Err(hinted(
            anyhow!("--clock is for --against countersign: the others know only the present"),
            "leave --clock out, or --against",
        )),
        None => Ok(Arc::new(SystemClock)),
    }
}

/// A clock that always shows one time.
#[derive(Debug)]
struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// What a verifier made of a fixture, and what it should have.
struct Verdict {
    seen: Seen,
    wanted: Outcome,
    code: Option<&'static str>,
    pending: bool,
}

/// What a caller saw of a verifier, and the problem code where it has such.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    outcome: Outcome,
    code: Option<String>,
}

impl Verdict {
    fn new(verifier: Verifier, expected: &Expected, seen: Seen) -> Self {
        let ours = verifier == Verifier::Countersign;
        Self {
            seen,
            wanted: expected.of(verifier),
            code: expected.code.filter(|_| ours),
            pending: ours && expected.pending.is_some(),
        }
    }

    fn differs(&self) -> bool {
        let same = self.seen.outcome == self.wanted && self.seen.code.as_deref() == self.code;
        !same && !self.pending
    }

    fn text(&self) -> String {
        let mut text = self.seen.outcome.to_string();
        if let Some(code) = &self.seen.code {
            text = format!("{text} {code}");
        }
        if self.pending {
            text = format!("{text} (pending)");
        }
        if self.differs() {
            let code = self.code.unwrap_or_default();
            text = format!("{text}, EXPECTED {} {code}", self.wanted);
        }
        text
    }
}

/// What every verifier is set up with: a certificate of its own, and callers that trust it.
struct Bench {
    root: Authority,
    server: Issued,
    /// By which our server and our client judge.
    clock: Arc<dyn Clock>,
    /// What each verifier has judged.
    progress: Progress,
}

impl Bench {
    fn new(clock: Arc<dyn Clock>, verdicts: usize) -> Result<Self> {
        let now = Timestamp::now();
        let root = Authority::root("Verify Server Root TEST ONLY", now)?;
        let server = root.server(now).dns("localhost").issue()?;
        Ok(Self {
            root,
            server,
            clock,
            progress: Progress::new("verdicts", verdicts),
        })
    }

    /// What `verifier` makes of each fixture, in their order.
    async fn present(&self, verifier: Verifier, fixtures: &[Fixture]) -> Result<Vec<Verdict>> {
        let clients = fixtures
            .iter()
            .filter(|fixture| fixture.side == Side::Client);
        let clients: Vec<_> = clients.collect();
        let mut seen_of_clients = match verifier {
            Verifier::Openssl => openssl::present(self, &clients).await?,
            Verifier::Nginx => nginx::present(self, &clients).await?,
            _ => countersign::present(self, &clients, self.clock.clone()).await?,
        }
        .into_iter();
        let mut verdicts = Vec::new();
        for fixture in fixtures {
            let seen = match fixture.side {
                Side::Server => self
                    .present_server(verifier, fixture)
                    .await
                    .context(fixture.name.clone())?,
                _ => seen_of_clients
                    .next()
                    .context("a verdict for each fixture")?,
            };
            verdicts.push(Verdict::new(verifier, &fixture.expected, seen));
        }
        Ok(verdicts)
    }

    async fn present_server(&self, verifier: Verifier, fixture: &Fixture) -> Result<Seen> {
        self.progress.step();
        match verifier {
            Verifier::Openssl => servers::called_by_openssl(fixture).await,
            Verifier::Nginx => Ok(Seen {
                outcome: Outcome::NotAsked,
                code: None,
            }),
            _ => servers::called_by_us(fixture, self.clock.clone()).await,
        }
    }
}

fn verifiers(against: Against) -> Vec<Verifier> {
    match against {
        Against::All => vec![Verifier::Countersign, Verifier::Openssl, Verifier::Nginx],
        Against::Countersign => vec![Verifier::Countersign],
        Against::Nginx => vec![Verifier::Nginx],
        Against::Openssl => vec![Verifier::Openssl],
    }
}

fn print(verifiers: &[Verifier], rows: &[(&Fixture, Vec<&Verdict>)]) {
    let names: Vec<_> = verifiers.iter().map(ToString::to_string).collect();
    let mut head = vec!["fixture", "stage"];
    head.extend(names.iter().map(String::as_str));
    let lines = rows.iter().map(|(fixture, verdicts)| {
        let start = [fixture.name.to_string(), fixture.expected.stage.to_string()];
        let verdicts = verdicts.iter().map(|verdict| verdict.text());
        start.into_iter().chain(verdicts).collect()
    });
    ui::table(&head, lines.collect());
}

fn as_json(verifiers: &[Verifier], rows: &[(&Fixture, Vec<&Verdict>)]) -> serde_json::Value {
    let rows = rows.iter().map(|(fixture, verdicts)| {
        let verdicts = verifiers.iter().zip(verdicts).map(|(verifier, verdict)| {
            let verdict = json!({
                "seen": verdict.seen.outcome.to_string(),
                "wanted": verdict.wanted.to_string(),
                "code": verdict.seen.code,
                "differs": verdict.differs(),
            });
            (verifier.to_string(), verdict)
        });
        json!({
            "name": fixture.name,
            "stage": fixture.expected.stage.as_str(),
            "pending": fixture.expected.pending,
            "verdicts": verdicts.collect::<serde_json::Map<_, _>>(),
        })
    });
    rows.collect()
}

//! Presents the catalogue to verifiers and compares what becomes of it with what should.

mod caller;
mod countersign;
mod nginx;
mod openssl;
mod pem;
mod servers;

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use countersign_pki::{Authority, Catalogue, Expected, Fixture, Issued, Outcome, Side, Verifier};
use countersign_tls::{Clock, SystemClock};
use jiff::Timestamp;
use serde_json::json;

use crate::ui;

/// Present the catalogue of certificates, good and bad, to verifiers, and compare the verdicts.
///
/// Presents every fixture over TLS on this machine, and prints a table of what became of it.
///
/// Exit codes: 0 done, no verdict differs; 1 one does, or failed; 2 not understood.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Who is to judge.
    #[arg(long, value_enum, default_value = "countersign")]
    against: Against,

    /// Only the fixtures with this text in their name.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// The time by which our server judges clients, such as 2040-01-01T00:00:00Z [default: the present].
    /// The other verifiers know only the present.
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,

    /// Print one JSON document instead of a table.
    #[arg(long)]
    json: bool,
}

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
pub(crate) async fn run(args: VerifyArgs) -> Result<()> {
    let fixtures = chosen(&args)?;
    let bench = Bench::new(clock(&args)?)?;
    let verifiers = verifiers(args.against);
    let mut verdicts: Vec<Vec<Verdict>> = Vec::new();
    for verifier in &verifiers {
        verdicts.push(bench.present(*verifier, &fixtures).await?);
    }
    let rows: Vec<_> = (fixtures.iter().enumerate())
        .map(|(index, fixture)| {
            let verdicts = verdicts.iter().filter_map(|each| each.get(index));
            (fixture, verdicts.collect::<Vec<_>>())
        })
        .collect();
    if args.json {
        ui::data(as_json(&verifiers, &rows));
    } else {
        print(&verifiers, &rows);
    }
    let differences = rows.iter().flat_map(|(_, verdicts)| verdicts);
    let differences = differences.filter(|verdict| verdict.differs()).count();
    let pending = fixtures.iter().filter(|it| it.expected.pending.is_some());
    ui::note(format!(
        "{} fixtures, {} verdicts of ours pending, {differences} differences",
        fixtures.len(),
        pending.count(),
    ));
    if differences > 0 {
        bail!("{differences} verdicts differ from the catalogue");
    }
    Ok(())
}

fn clock(args: &VerifyArgs) -> Result<Arc<dyn Clock>> {
    match args.clock {
        Some(at) if matches!(args.against, Against::Countersign) => Ok(Arc::new(Standing(at))),
        Some(_) => bail!("--clock is for --against countersign: the others know only the present"),
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
    /// By which our server judges.
    clock: Arc<dyn Clock>,
}

impl Bench {
    fn new(clock: Arc<dyn Clock>) -> Result<Self> {
        let now = Timestamp::now();
        let root = Authority::root("Verify Server Root TEST ONLY", now)?;
        let server = root.server(now).dns("localhost").issue()?;
        Ok(Self {
            root,
            server,
            clock,
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
                Side::Server => present_server(verifier, fixture)
                    .await
                    .context(fixture.name)?,
                _ => seen_of_clients
                    .next()
                    .context("a verdict for each fixture")?,
            };
            verdicts.push(Verdict::new(verifier, &fixture.expected, seen));
        }
        Ok(verdicts)
    }
}

async fn present_server(verifier: Verifier, fixture: &Fixture) -> Result<Seen> {
    match verifier {
        Verifier::Openssl => servers::called_by_openssl(fixture).await,
        Verifier::Nginx => Ok(Seen {
            outcome: Outcome::NotAsked,
            code: None,
        }),
        _ => servers::called_by_us(fixture).await,
    }
}

fn chosen(args: &VerifyArgs) -> Result<Vec<Fixture>> {
    let mut fixtures = Catalogue::all().context("the catalogue cannot be made")?;
    if let Some(only) = &args.only {
        fixtures.retain(|fixture| fixture.name.contains(only));
    }
    if fixtures.is_empty() {
        bail!(
            "no fixture has `{}` in its name",
            args.only.as_deref().unwrap_or_default()
        );
    }
    Ok(fixtures)
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
    let mut head = vec!["fixture".to_owned(), "stage".to_owned()];
    head.extend(verifiers.iter().map(ToString::to_string));
    let mut lines = vec![head];
    for (fixture, verdicts) in rows {
        let mut line = vec![fixture.name.to_owned(), fixture.expected.stage.to_string()];
        line.extend(verdicts.iter().map(|verdict| verdict.text()));
        lines.push(line);
    }
    ui::columns(&lines);
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

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use countersign_bench::{
    Asked, Caller, Contender, Folder, Kind, Latencies, Lists, Load, Page, Pool, Running, Sample,
    Scene, Table, Warm, idle_memory, paced, reloading, stolen,
};

use crate::{Arguments, scenes};

/// One run of the command.
pub(crate) struct Run {
    pub(crate) arguments: Arguments,
    pub(crate) folder: Folder,
    pub(crate) cpu: usize,
    pub(crate) page: Option<Page>,
}

/// Certificates of clients.
struct Pools {
    known: std::sync::Arc<Pool>,
    new: std::sync::Arc<Pool>,
}

/// A server that runs.
type Server = (Contender, Running);

impl Run {
    /// Measures all that is asked for, and tells it in Markdown.
    pub(crate) async fn all(&self) -> Result<String> {
        let pools = Pools {
            known: Pool::new(&self.folder, 16)?,
            new: Pool::new(&self.folder, self.strangers())?,
        };
        let mut text = String::new();
        let all = scenes::all(self.arguments.lasts());
        let asked = |scene: &&Scene| self.arguments.is_asked(scene.word);
        let (listed, usual): (Vec<_>, Vec<_>) = all
            .iter()
            .filter(asked)
            .partition(|scene| scene.word.starts_with(scenes::MILLION));
        let mut rate = None;
        if !usual.is_empty() || self.arguments.is_asked("half") {
            let servers = self.start(self.usual());
            for scene in usual {
                let table = self.scene(scene, &servers, &pools, &mut text).await?;
                let ours = Contender::usual(Kind::Ours);
                rate = table.rate(ours).filter(|_| scene.word == "http1").or(rate);
            }
            if self.arguments.is_asked("half") {
                let rate = rate.unwrap_or(USUAL_RATE) / 2.0;
                text += &self.half(rate, &servers, &pools).await?;
            }
        }
        if !listed.is_empty() {
            let servers = self.start(self.listed());
            for scene in listed {
                self.scene(scene, &servers, &pools, &mut text).await?;
            }
        }
        if self.arguments.is_asked("idle") {
            text += &self.idle(&pools).await?;
        }
        Ok(text)
    }

    /// So many that no contender sees one of them twice: none shakes hands 6,000 times in a second.
    fn strangers(&self) -> usize {
        let turns = u32::try_from(self.arguments.rounds).unwrap_or(u32::MAX);
        let seconds = self.arguments.lasts().saturating_mul(turns).as_secs();
        let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
        seconds.saturating_add(1).saturating_mul(6_000)
    }

    fn usual(&self) -> BTreeSet<Contender> {
        let kinds = self.arguments.kinds().into_iter();
        kinds.map(Contender::usual).collect()
    }

    /// With the list of a million; ours and plain axum without it, too.
    fn listed(&self) -> BTreeSet<Contender> {
        let kinds = self.arguments.kinds().into_iter();
        let lists = Lists::Million;
        let both = [Kind::Ours, Kind::Axum].map(Contender::usual);
        let asked = both.into_iter().filter(|it| self.usual().contains(it));
        kinds
            .map(|kind| Contender { kind, lists })
            .chain(asked)
            .collect()
    }

    /// Who is not here is left out.
    fn start(&self, contenders: BTreeSet<Contender>) -> Vec<Server> {
        let mut servers = Vec::new();
        for contender in contenders {
            match contender.start(&self.folder, self.cpu) {
                Ok(running) => servers.push((contender, running)),
                Err(error) => eprintln!("{contender}: left out: {error:#}"),
            }
        }
        servers
    }

    fn caller(&self, asked: Asked, pools: &Pools) -> Result<Caller> {
        asked.caller(&self.folder, &pools.known, &pools.new)
    }

    async fn scene(
        &self,
        scene: &Scene,
        servers: &[Server],
        pools: &Pools,
        text: &mut String,
    ) -> Result<Table> {
        eprintln!("{}", scene.title);
        let mut callers = Vec::new();
        for (contender, running) in servers {
            callers.push((*contender, running, self.caller(scene.asked, pools)?));
        }
        let told = |contender: Contender, sample: &Result<Sample>| match sample {
            Ok(it) => eprintln!(
                "  {contender}: {:.3} µs, {:.0}/s",
                it.cpu_micros(),
                it.rate()
            ),
            Err(error) => eprintln!("  {contender}: {error:#}"),
        };
        let table = Table::new(scene.run(&callers, self.arguments.rounds, told).await);
        let _ = write!(text, "### {}\n\n{}\n\n", scene.title, scene.about);
        if let Some(page) = &self.page {
            let title = format!("{}: CPU µs of the server", scene.title);
            let path = page.picture(scene.word, &table.plot(&title))?;
            let _ = write!(text, "![{title}]({path})\n\n");
        }
        let _ = writeln!(text, "{}", table.markdown());
        Ok(table)
    }

    /// How long callers wait at half of what ours can do, and while ours reads its files again.
    async fn half(&self, rate: f64, servers: &[Server], pools: &Pools) -> Result<String> {
        let lasts = self.arguments.lasts();
        let short = lasts.min(SHORT);
        let rounds = self.arguments.rounds.max(ROUNDS_OF_WAITS);
        let mut text = format!(
            "### Waiting at half load\n\nHTTP/1.1 kept alive, 32 connections, {rate:.0} calls in a second, each at its time: half of what ours can do. {rounds} rounds of {short:?}, in turns, and their medians, and of p99 their lower quartile, too: what it is while the machine does nothing else; \
             one in which the host took a processor away (steal time) is taken again, up to {TRIES} times. With \
             *reloads*, ours reads all its files again on the processor on which it answers, {RELOADS} times in each round, and at least {ROUNDS_OF_RELOADS} rounds with and without take turns.\n\n\
             | | p50 | p99 | p99, lower quartile | p99.9 | CPU µs |\n| --- | --- | --- | --- | --- | --- |\n"
        );
        let mut rows: Vec<(String, Vec<Sample>)> = Vec::new();
        for _ in 0..rounds {
            for (contender, running) in servers {
                let sample = self
                    .undisturbed(running, pools, &paced(rate, short))
                    .await?;
                put(&mut rows, contender.to_string(), sample);
            }
        }
        if let Some((contender, running)) = servers.iter().find(|(it, _)| it.kind == Kind::Ours) {
            let lasts = lasts.max(LONG);
            for _ in 0..self.arguments.rounds.max(ROUNDS_OF_RELOADS) {
                let caller = self.caller(Asked::usual(), pools)?;
                let warm = Warm::up();
                let sample = paced(rate, lasts).run(&caller, running).await?;
                drop(warm);
                running.forget()?;
                put(&mut rows, format!("{contender}, for {lasts:?}"), sample);
                let warm = Warm::up();
                let sample = reloading(&caller, running, rate, lasts, RELOADS).await;
                drop(warm);
                running.forget()?;
                // One that did not take place is no reason to lose all that was measured before.
                match sample {
                    Ok(sample) => put(&mut rows, format!("the same, {RELOADS} reloads"), sample),
                    Err(error) => eprintln!("  {contender}, {RELOADS} reloads: {error:#}"),
                }
            }
        }
        for (name, samples) in rows {
            let _ = writeln!(text, "| {name} | {} |", waits(samples));
        }
        text.push('\n');
        Ok(text)
    }

    /// The first sample in which the host left this machine its processors, or the last that was tried.
    async fn undisturbed(&self, server: &Running, pools: &Pools, load: &Load) -> Result<Sample> {
        let caller = self.caller(Asked::usual(), pools)?;
        let mut tries = 0;
        loop {
            let _warm = Warm::up();
            let before = stolen()?;
            let sample = load.run(&caller, server).await?;
            server.forget()?;
            tries += 1;
            if stolen()? == before || tries == TRIES {
                return Ok(sample);
            }
        }
    }

    async fn idle(&self, pools: &Pools) -> Result<String> {
        let connections = self.arguments.idle;
        let mut rows = Vec::new();
        for contender in self.usual() {
            for (contender, running) in self.start([contender].into()) {
                let caller = self.caller(Asked::usual(), pools)?;
                let each = idle_memory(&caller, &running, connections).await;
                eprintln!("  {contender}: {each:?} KiB");
                rows.push((contender, each));
            }
        }
        let mut text = format!(
            "### Memory of an idle connection\n\n{connections} connections, HTTP/1.1, one call each, twelve seconds ago: how much more the process has \
             (PSS) for each.\n\n| | KiB |\n| --- | --- |\n"
        );
        for (contender, each) in rows {
            let _ = match each {
                Ok(each) => writeln!(text, "| {contender} | {each:.1} |"),
                Err(error) => writeln!(text, "| {contender} | {error:#} |"),
            };
        }
        text.push('\n');
        Ok(text)
    }
}

fn put(rows: &mut Vec<(String, Vec<Sample>)>, name: String, sample: Sample) {
    let cpu = sample.cpu_micros();
    eprintln!("  {name}: {cpu:.1} µs, {}", waits(vec![sample.clone()]));
    match rows.iter_mut().find(|(known, _)| *known == name) {
        Some((_, samples)) => samples.push(sample),
        None => rows.push((name, vec![sample])),
    }
}

/// Of each round by itself, and of these the medians and a quartile: a neighbour may spoil one.
fn waits(samples: Vec<Sample>) -> String {
    let mut cpu: Vec<_> = samples.iter().map(Sample::cpu_micros).collect();
    cpu.sort_by(f64::total_cmp);
    let mut waits: Vec<Latencies> = samples.into_iter().map(|it| it.waits).collect();
    let mut text = String::new();
    for (share, part) in [(500, 2), (990, 2), (990, 4), (999, 2)] {
        let rounds = waits.iter_mut();
        let mut rounds: Vec<Duration> = rounds.filter_map(|it| it.per_mille(share)).collect();
        rounds.sort_unstable();
        let wait = rounds.get(rounds.len() / part).copied().unwrap_or_default();
        let _ = write!(text, "{} µs | ", wait.as_micros());
    }
    let median = cpu.get(cpu.len() / 2).copied().unwrap_or_default();
    text + &format!("{median:.1}")
}

/// One of a hundred waits for the machine, mostly: in many short rounds, that spoils some of them, and not the median.
const ROUNDS_OF_WAITS: usize = 101;

/// Some sixty calls are above the quantile of one of them.
const SHORT: Duration = Duration::from_millis(100);

/// On a machine whose processors are taken away all the time, it must end too.
const TRIES: u32 = 5;

/// Twenty-one reloads in all, in many short rounds: what keeps this machine from its work for a moment spoils one of them, and not the median.
const ROUNDS_OF_RELOADS: usize = 7;

/// In a round.
const RELOADS: u32 = 3;

/// Three seconds for each reload: of those that are asked for while files are read, one is enough.
const LONG: Duration = Duration::from_secs(9);

/// Of ours, where it was not measured.
const USUAL_RATE: f64 = 80_000.0;

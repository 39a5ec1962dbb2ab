//! Has our server and five others take turns, and writes down what a call costs each.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "the table is what it is for, and a run takes minutes"
)]

mod run;
mod scenes;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use countersign_bench::{Folder, Kind, Page, stay_on, touch_all};

use crate::run::Run;

/// Has our server and five others take turns, and writes down what a call costs each.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often each takes its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long a turn lasts, in seconds.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Only these: countersign, axum, axum-server, envoy, nginx, haproxy.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only these scenes: full, new, tls12, mlkem, resumed, million-known, million-new, http1, http2, half, idle.
    #[arg(long, value_delimiter = ',')]
    scenes: Vec<String>,
    /// Idle connections.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// The processor of the servers, and the one of the callers.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 1])]
    cpus: Vec<usize>,
    /// Writes tables and plots to this page, too.
    #[arg(long)]
    page: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let page = arguments.page.as_deref().map(Page::read).transpose()?;
    let [server, callers] = arguments.cpus.as_slice() else {
        anyhow::bail!("`--cpus` takes two numbers");
    };
    stay_on(*callers)?;
    let million = scenes::all(Duration::ZERO).iter().any(|scene| {
        let asked = arguments.is_asked(scene.word);
        asked && scene.word.starts_with(scenes::MILLION)
    });
    touch_all();
    eprintln!("making certificates, a policy and lists");
    let run = Run {
        folder: Folder::new(million)?,
        cpu: *server,
        page,
        arguments,
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let text = runtime.enable_all().build()?.block_on(run.all())?;
    println!("{text}");
    match &run.page {
        Some(page) => page.write(&text),
        None => Ok(()),
    }
}

impl Arguments {
    fn is_asked(&self, scene: &str) -> bool {
        self.scenes.is_empty() || self.scenes.iter().any(|word| word == scene)
    }

    fn kinds(&self) -> Vec<Kind> {
        let named = |kind: &Kind| self.only.iter().any(|word| word == kind.word());
        let kinds = Kind::ALL.into_iter();
        kinds
            .filter(|kind| self.only.is_empty() || named(kind))
            .collect()
    }

    fn lasts(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

//! At which time, and from which randomness? The clock's and the system's, unless somebody wants others.

use clap::Args;
use countersign_pki::{Manifest, Plan, Seed};
use jiff::Timestamp;

/// At which time.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Now {
    /// The moment to take for now, such as 2030-01-01T00:00:00Z.
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,
}

/// What makes two runs alike.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options for runs that can be repeated")]
pub(crate) struct Moment {
    #[command(flatten)]
    now: Now,

    /// Take new keys, serial numbers and signatures from this text: with --clock, the same commands give
    /// the same bytes in every folder. For tests alone: whoever knows it has every key.
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
}

impl Now {
    /// The moment that was given, or the present.
    pub(crate) fn get(self) -> Timestamp {
        self.clock.unwrap_or_else(Timestamp::now)
    }
}

impl Moment {
    /// What the manifest wants then.
    pub(crate) fn plan(&self, manifest: &Manifest) -> Plan {
        let plan = Plan::new(manifest, self.now.get());
        match &self.seed {
            Some(seed) => plan.seeded(&Seed::new(seed)),
            None => plan,
        }
    }
}

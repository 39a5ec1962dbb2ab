//! At which time, and from which randomness? The clock's and the system's, unless a test wants others.

use clap::Args;
use countersign_pki::{Manifest, Plan, Seed};
use jiff::Timestamp;

/// What makes two runs alike.
#[derive(Clone, Debug, Args)]
pub(super) struct Moment {
    /// The moment to take for now, such as 2030-01-01T00:00:00Z.
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,

    /// Take new keys, serial numbers and signatures from this text: with --clock, the same commands give
    /// the same bytes in every folder. For tests alone: whoever knows it has every key.
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
}

impl Moment {
    /// What the manifest wants then.
    pub(super) fn plan(&self, manifest: &Manifest) -> Plan {
        let now = self.clock.unwrap_or_else(Timestamp::now);
        let plan = Plan::new(manifest, now);
        match &self.seed {
            Some(seed) => plan.seeded(&Seed::new(seed)),
            None => plan,
        }
    }
}

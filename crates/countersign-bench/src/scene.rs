use anyhow::Result;
use rustls::ProtocolVersion;

use crate::memory::Warm;
use crate::{Caller, Contender, Folder, Group, Load, Pool, Running, Sample, Sessions};

/// Contenders that take turns at one load.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "nothing depends on this crate")]
pub struct Scene {
    /// A word for the command line and the file of the plot.
    pub word: &'static str,
    /// What is measured.
    pub title: &'static str,
    /// What a reader should know of it.
    pub about: &'static str,
    /// Who calls.
    pub asked: Asked,
    /// What is asked.
    pub load: Load,
}

/// By whom, and how.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "nothing depends on this crate")]
pub struct Asked {
    /// Who calls.
    pub whom: Whom,
    /// Over which TLS.
    pub version: ProtocolVersion,
    /// By which key exchange.
    pub group: Group,
    /// With a new session each time, or an old one.
    pub sessions: Sessions,
}

/// Whether the server has seen the certificate before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "nothing depends on this crate")]
pub enum Whom {
    /// 16 clients, again and again.
    Known,
    /// A client with another certificate each time.
    New,
}

impl Asked {
    /// Returning clients, TLS 1.3, X25519, full handshakes.
    pub fn usual() -> Self {
        Self {
            whom: Whom::Known,
            version: ProtocolVersion::TLSv1_3,
            group: Group::X25519,
            sessions: Sessions::New,
        }
    }

    /// Who calls one server: from the first certificate on, whoever was called before.
    ///
    /// # Errors
    ///
    /// TLS does not know what is asked of it.
    pub fn caller(&self, folder: &Folder, known: &Pool, new: &Pool) -> Result<Caller> {
        let pool = match self.whom {
            Whom::Known => known,
            Whom::New => new,
        };
        Caller::new(
            folder,
            pool.afresh(),
            self.version,
            self.group,
            self.sessions,
        )
    }
}

impl Scene {
    /// Has each server called in turn, `rounds` times. Who cannot be called is left out from then on, with the reason.
    pub async fn run(
        &self,
        servers: &[(Contender, &Running, Caller)],
        rounds: usize,
        told: impl Fn(Contender, &Result<Sample>),
    ) -> Vec<(Contender, Result<Vec<Sample>>)> {
        let mut rows: Vec<_> = servers
            .iter()
            .map(|(contender, ..)| (*contender, Ok(Vec::new())))
            .collect();
        for _ in 0..rounds {
            for ((contender, running, caller), (_, samples)) in servers.iter().zip(&mut rows) {
                let Ok(so_far) = samples else { continue };
                let _warm = Warm::up();
                let sample = self.load.run(caller, running).await;
                told(*contender, &sample);
                // A log that cannot be emptied costs no more than room.
                let _ = running.forget();
                match sample {
                    Ok(sample) => so_far.push(sample),
                    Err(error) => *samples = Err(error),
                }
            }
        }
        rows
    }
}

//! Which ports does a page have here? Those that it names may be taken, by another page too.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Ports that pages name.
const NAMED: [&str; 5] = ["8443", "8444", "8445", "8446", "3000"];

/// For each of [`NAMED`] a free one.
pub(super) struct Ports([String; NAMED.len()]);

impl Ports {
    pub(super) fn free() -> Self {
        Self(std::array::from_fn(|_| free().to_string()))
    }

    /// What the page says, with the ports that it has here.
    pub(super) fn here(&self, text: &str) -> String {
        let pairs = NAMED.iter().zip(&self.0);
        pairs.fold(text.to_owned(), |text, (named, here)| {
            text.replace(&format!(":{named}"), &format!(":{here}"))
                .replace(&format!(" {named} "), &format!(" {here} "))
        })
    }

    /// What was said here, as the page says it.
    pub(super) fn named(&self, said: &str) -> String {
        let pairs = NAMED.iter().zip(&self.0);
        pairs.fold(said.to_owned(), |said, (named, here)| {
            said.replace(here, named)
        })
    }
}

/// Below the ports that systems give to whoever asks for any, so that no other test is given it meanwhile.
fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let start = u16::try_from(std::process::id() % 100).unwrap() * 180;
        let port = 12_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

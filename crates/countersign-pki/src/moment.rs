//! When is something issued, and from which randomness? A [`Moment`]: a time, and a seed in tests.

use jiff::Timestamp;

use crate::error::IssueError;
use crate::key::{Key, KeyKind};
use crate::request::Request;
use crate::seed::Seed;

/// What a plan knows of the world.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) seed: Option<Seed>,
}

impl Moment {
    /// A new key for the item with this name: from the seed, or from the system's randomness.
    pub(crate) fn new_key(&self, name: &str, kind: KeyKind) -> Result<Key, IssueError> {
        match &self.seed {
            Some(seed) => seed.key(name, kind),
            None => Key::generate(kind),
        }
    }

    /// A key that was read from a file. If it is the seed's, its signatures repeat again.
    pub(crate) fn known(&self, name: &str, key: Key) -> Key {
        let seed = self.seed.as_ref().zip(key.kind());
        match seed.map(|(seed, kind)| seed.key(name, kind)) {
            Some(Ok(seeded)) if seeded.public_key_der() == key.public_key_der() => seeded,
            _ => key,
        }
    }

    /// With a seed, the serial number comes from it: another one for each name and second.
    pub(crate) fn seeded<'a>(&self, request: Request<'a>, name: &str) -> Request<'a> {
        match &self.seed {
            Some(seed) => request.seeded(seed, format!("{name} {}", self.now.as_second())),
            None => request,
        }
    }
}

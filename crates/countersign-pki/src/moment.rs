//! When is something issued, and from which randomness? A [`Moment`]: a time, and a seed in tests.

use data_encoding::HEXLOWER;
use jiff::Timestamp;

use crate::error::IssueError;
use crate::key::{Key, KeyKind};
use crate::request::Request;
use crate::seed::Seed;
use crate::sign::key_id;

/// What a plan knows of the world.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) seed: Option<Seed>,
}

impl Moment {
    /// A new key for the item with this name: from the seed, or from the system's randomness.
    pub(crate) fn new_key(&self, name: &str) -> Result<Key, IssueError> {
        match &self.seed {
            Some(seed) => seed.key(name, KeyKind::default()),
            None => Key::generate(KeyKind::default()),
        }
    }

    /// The key that comes after this one: with a seed, another one after each.
    pub(crate) fn next_key(&self, name: &str, old: &Key) -> Result<Key, IssueError> {
        self.new_key(&format!("{name} after {}", id(old)))
    }

    /// A key that was read from a file. With a seed its signatures repeat, if it can sign so.
    pub(crate) fn known(&self, key: Key) -> Key {
        match self.seed {
            Some(_) => key.repeating(),
            None => key,
        }
    }

    /// With a seed, the serial number comes from it: another one for each name, second and key.
    pub(crate) fn seeded<'a>(&self, request: Request<'a>, name: &str) -> Request<'a> {
        let Some(seed) = &self.seed else {
            return request;
        };
        let key = request.given_key().map(id).unwrap_or_default();
        request.seeded(seed, format!("{name} {} {key}", self.now.as_second()))
    }
}

/// Which key it is.
fn id(key: &Key) -> String {
    HEXLOWER.encode(&key_id(key.public_key_der()))
}

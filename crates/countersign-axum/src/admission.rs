use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Limits;

/// Who may connect now: how many connections there are, in all and of each address, and how many
/// requests.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    connections: Mutex<Connections>,
    most: usize,
    most_of_one: usize,
    requests: AtomicUsize,
    most_requests: usize,
}

#[derive(Debug, Default)]
struct Connections {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    shared: Arc<Shared>,
    address: IpAddr,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            shared: Arc::new(Shared {
                connections: Mutex::default(),
                most: limits.connections,
                most_of_one: limits.connections_per_address,
                requests: AtomicUsize::new(0),
                most_requests: limits.requests,
            }),
        }
    }

    /// Counts a connection from `address`, unless there are too many.
    pub(crate) fn admit(&self, address: IpAddr) -> Option<Admitted> {
        let mut connections = self.shared.connections();
        let of_one = connections.of.get(&address).copied().unwrap_or_default();
        if connections.all >= self.shared.most || of_one >= self.shared.most_of_one {
            return None;
        }
        connections.all += 1;
        connections.of.insert(address, of_one + 1);
        drop(connections);
        Some(Admitted {
            shared: Arc::clone(&self.shared),
            address,
        })
    }

    /// Counts a request until its [`end`](Self::end), and tells whether there is room for it.
    pub(crate) fn begin(&self) -> bool {
        let before = self.shared.requests.fetch_add(1, Ordering::Relaxed);
        before < self.shared.most_requests
    }

    /// Counts a request no more, whether there was room for it or not.
    pub(crate) fn end(&self) {
        self.shared.requests.fetch_sub(1, Ordering::Relaxed);
    }

    /// How many connections there are.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.shared.connections().all
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        // Two counters that change together: nothing in between can panic.
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut connections = self.shared.connections();
        connections.all = connections.all.saturating_sub(1);
        if let Entry::Occupied(mut of_one) = connections.of.entry(self.address) {
            match of_one.get().saturating_sub(1) {
                0 => drop(of_one.remove()),
                left => *of_one.get_mut() = left,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_once_another_is() {
        let limits = Limits {
            requests: 1,
            ..Limits::default()
        };
        let admission = Admission::new(&limits);
        assert!(admission.begin());
        for _ in 0..3 {
            assert!(!admission.begin());
            admission.end();
        }
        admission.end();
        assert!(admission.begin());
    }

    #[test]
    fn there_is_room_again_once_a_connection_has_ended() {
        let limits = Limits {
            connections: 3,
            connections_per_address: 2,
            ..Limits::default()
        };
        let admission = Admission::new(&limits);
        let (one, two) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = admission.admit(one).unwrap();
        let _second = admission.admit(one).unwrap();
        assert!(admission.admit(one).is_none(), "two of one address");
        let third = admission.admit(two).unwrap();
        assert!(admission.admit(two).is_none(), "three in all");
        drop((first, third));
        assert_eq!(admission.held(), 1);
        let _third = admission.admit(two).unwrap();
        let _first = admission.admit(one).unwrap();
        assert!(admission.admit(one).is_none());
    }
}

use std::time::Duration;

/// How long callers waited.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    waits: Vec<Duration>,
}

impl Latencies {
    pub(crate) fn add(&mut self, wait: Duration) {
        self.waits.push(wait);
    }

    pub(crate) fn join(&mut self, others: Self) {
        self.waits.extend(others.waits);
    }

    /// How many calls there were.
    pub fn count(&self) -> usize {
        self.waits.len()
    }

    /// Below which so many of a thousand waits are; none of none.
    ///
    /// # Panics
    ///
    /// Never.
    pub fn per_mille(&mut self, share: usize) -> Option<Duration> {
        let place = self.waits.len().saturating_mul(share) / 1000;
        let place = place.min(self.waits.len().checked_sub(1)?);
        let (_, wait, _) = self.waits.select_nth_unstable(place);
        Some(*wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_waits_is_below_the_quantile() {
        let mut waits = Latencies::default();
        assert_eq!(waits.per_mille(500), None);
        for micros in (0..1000).rev() {
            waits.add(Duration::from_micros(micros));
        }
        for (share, micros) in [(0, 0), (500, 500), (990, 990), (999, 999), (1000, 999)] {
            let expected = Some(Duration::from_micros(micros));
            assert_eq!(waits.per_mille(share), expected);
        }
    }
}

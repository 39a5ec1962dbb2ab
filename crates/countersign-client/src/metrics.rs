//! How often did what happen? Counted for whoever gives a registry.

#[cfg(feature = "metrics")]
pub use counted::Metrics;
#[cfg(not(feature = "metrics"))]
pub(crate) use uncounted::Metrics;

#[cfg(feature = "metrics")]
mod counted {
    use prometheus_client::encoding::EncodeLabelSet;
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::registry::Registry;

    use crate::generation::Generation;
    use crate::{Error, Kind, Response};

    /// What a client counts. Clones count together.
    #[derive(Clone, Debug, Default)]
    pub struct Metrics {
        calls: Family<Outcome, Counter>,
        repeated: Counter,
        rotations: Counter,
        reloads_refused: Counter,
        not_after: Gauge,
    }

    #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
    struct Outcome {
        outcome: &'static str,
    }

    impl Metrics {
        /// Counts in this registry, under names that begin with `countersign_client_`.
        ///
        /// ```
        /// use countersign_client::Metrics;
        /// use prometheus_client::registry::Registry;
        ///
        /// let mut registry = Registry::default();
        /// let metrics = Metrics::registered_in(&mut registry);
        /// let mut text = String::new();
        /// prometheus_client::encoding::text::encode(&mut text, &registry)?;
        /// assert!(text.contains("countersign_client_rotations_total 0"));
        /// # let _ = metrics;
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn registered_in(registry: &mut Registry) -> Self {
            let metrics = Self::default();
            let registry = registry.sub_registry_with_prefix("countersign_client");
            registry.register("calls", "Calls by outcome", metrics.calls.clone());
            registry.register(
                "calls_repeated",
                "Attempts after the first",
                metrics.repeated.clone(),
            );
            registry.register(
                "rotations",
                "New credentials or trusts in use",
                metrics.rotations.clone(),
            );
            registry.register(
                "reloads_refused",
                "New credentials or trusts that could not be used",
                metrics.reloads_refused.clone(),
            );
            registry.register(
                "certificate_not_after_seconds",
                "When the certificate ends, in seconds since 1970",
                metrics.not_after.clone(),
            );
            metrics
        }

        pub(crate) fn called(&self, done: &Result<Response, Error>) {
            let outcome = match done {
                Ok(_) => "answered",
                Err(error) => outcome(error.kind()),
            };
            self.calls.get_or_create(&Outcome { outcome }).inc();
        }

        pub(crate) fn repeated(&self) {
            self.repeated.inc();
        }

        pub(crate) fn began(&self, generation: &Generation) {
            if let Some(certificate) = generation.caller.certificate() {
                self.not_after.set(certificate.not_after().as_second());
            }
        }

        pub(crate) fn rotated(&self, generation: &Generation) {
            self.rotations.inc();
            self.began(generation);
        }

        pub(crate) fn reload_refused(&self) {
            self.reloads_refused.inc();
        }
    }

    fn outcome(kind: &Kind) -> &'static str {
        match kind {
            Kind::Request(_) => "request",
            Kind::Trust(_) => "trust",
            Kind::Refused(_) => "refused",
            Kind::CertificateNotRequested => "certificate_not_requested",
            Kind::Denied(_) => "denied",
            Kind::Status { .. } => "status",
            Kind::Token(_) => "token",
            Kind::Transport(_) => "transport",
            Kind::Decode => "decode",
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod uncounted {
    use crate::generation::Generation;
    use crate::{Error, Response};

    /// Nothing is counted.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Metrics(());

    impl Metrics {
        pub(crate) fn called(&self, _: &Result<Response, Error>) {}
        pub(crate) fn repeated(&self) {}
        pub(crate) fn began(&self, _: &Generation) {}
        pub(crate) fn rotated(&self, _: &Generation) {}
        pub(crate) fn reload_refused(&self) {}
    }
}

use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};

/// What a handler did, for the audit log: an event of its own, beside that of the decision.
///
/// It is a part of the response, and stays on the server. A handler that answers with a [`Fault`](crate::Fault)
/// beside it would not do it, and the event has the fault's code and detail.
///
/// ```
/// use axum::response::IntoResponse;
/// use countersign_axum::audit::Action;
///
/// async fn pay() -> impl IntoResponse {
///     let action = Action::new("payment-made").with("amount", "12.30");
///     (action, "paid")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    name: &'static str,
    facts: Vec<(&'static str, String)>,
}

impl Action {
    /// An action of this name, as `token-issued`.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            facts: Vec::new(),
        }
    }

    /// The same, with a fact. It must be nobody's secret: who reads the log reads it.
    #[must_use]
    pub fn with(mut self, fact: &'static str, value: impl ToString) -> Self {
        self.facts.push((fact, value.to_string()));
        self
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its facts, in the order in which they were told.
    pub fn facts(&self) -> &[(&'static str, String)] {
        &self.facts
    }

    /// One of its facts.
    pub fn fact(&self, name: &str) -> Option<&str> {
        let found = self.facts.iter().find(|(fact, _)| *fact == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl IntoResponseParts for Action {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

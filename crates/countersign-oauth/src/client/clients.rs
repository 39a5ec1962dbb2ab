use std::collections::BTreeMap;

use countersign_policy::PrincipalName;

use super::{OAuthClient, RegistrationError};

/// The registered clients, by their `client_id`.
#[derive(Clone, Debug, Default)]
pub struct Clients(BTreeMap<PrincipalName, OAuthClient>);

impl Clients {
    /// These.
    ///
    /// # Errors
    ///
    /// [`RegistrationError::Twice`]: two are one principal.
    pub fn new(clients: impl IntoIterator<Item = OAuthClient>) -> Result<Self, RegistrationError> {
        let mut known = BTreeMap::new();
        for client in clients {
            if let Some(twice) = known.insert(client.principal.clone(), client) {
                let principal = twice.principal;
                return Err(RegistrationError::Twice { principal });
            }
        }
        Ok(Self(known))
    }

    /// The one with this `client_id`.
    pub fn find(&self, client_id: &str) -> Option<&OAuthClient> {
        self.0.get(&client_id.parse().ok()?)
    }

    /// All, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &OAuthClient> {
        self.0.values()
    }
}

//! The policy document: TOML in, [`Directory`] out.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use countersign_identity::{Identity, NameError};
use serde::Deserialize;
use toml::Spanned;

use crate::error::Position;
use crate::{Directory, PermissionName, PolicyError, Principal, PrincipalName};

pub(crate) fn read(policy: &str) -> Result<Directory, PolicyError> {
    let document: Document = toml::from_str(policy).map_err(|error| PolicyError::Syntax {
        position: Position::of(error.span().unwrap_or_default(), policy),
        message: error.message().to_owned(),
    })?;
    Reader { policy }.directory(document)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: Spanned<i64>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, RoleEntry>,
    #[serde(default)]
    principals: BTreeMap<Spanned<String>, PrincipalEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleEntry {
    permissions: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrincipalEntry {
    #[serde(default = "enabled")]
    enabled: bool,
    #[serde(default)]
    roles: Vec<Spanned<String>>,
    #[serde(default)]
    permissions: Vec<Spanned<String>>,
    identities: Vec<IdentityEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityEntry {
    trust: Spanned<String>,
    name: Spanned<String>,
}

fn enabled() -> bool {
    true
}

/// Turns entries into values, and knows the text for the place of an error.
struct Reader<'a> {
    policy: &'a str,
}

type Roles = BTreeMap<String, BTreeSet<PermissionName>>;

impl Reader<'_> {
    fn directory(&self, document: Document) -> Result<Directory, PolicyError> {
        if *document.version.get_ref() != 1 {
            return Err(PolicyError::Version {
                position: self.position(&document.version),
                version: *document.version.get_ref(),
            });
        }
        let roles = self.roles(document.roles)?;
        let mut directory = Directory::default();
        for (name, entry) in document.principals {
            let principal = self.principal(&name, &entry, &roles)?;
            for identity in &entry.identities {
                self.bind(&mut directory, identity, &principal)?;
            }
        }
        Ok(directory)
    }

    fn roles(&self, entries: BTreeMap<Spanned<String>, RoleEntry>) -> Result<Roles, PolicyError> {
        entries
            .into_iter()
            .map(|(name, entry)| {
                self.parse::<PrincipalName>(&name)?;
                Ok((name.into_inner(), self.permissions(&entry.permissions)?))
            })
            .collect()
    }

    fn principal(
        &self,
        name: &Spanned<String>,
        entry: &PrincipalEntry,
        roles: &Roles,
    ) -> Result<Principal, PolicyError> {
        let mut permissions = self.permissions(&entry.permissions)?;
        for role in &entry.roles {
            let granted = roles
                .get(role.get_ref())
                .ok_or_else(|| PolicyError::RoleUnknown {
                    position: self.position(role),
                    role: role.get_ref().clone(),
                })?;
            permissions.extend(granted.iter().cloned());
        }
        Ok(Principal::new(
            self.parse(name)?,
            entry.enabled,
            permissions,
        ))
    }

    fn permissions(
        &self,
        names: &[Spanned<String>],
    ) -> Result<BTreeSet<PermissionName>, PolicyError> {
        names.iter().map(|name| self.parse(name)).collect()
    }

    fn bind(
        &self,
        directory: &mut Directory,
        entry: &IdentityEntry,
        principal: &Principal,
    ) -> Result<(), PolicyError> {
        let identity = Identity::new(
            self.parse_name(&entry.trust)?,
            self.parse_name(&entry.name)?,
        );
        match directory.bind(identity.clone(), principal.clone()) {
            None => Ok(()),
            Some(taken) => Err(PolicyError::IdentityTaken {
                position: self.position(&entry.name),
                identity,
                other: taken.name().clone(),
            }),
        }
    }

    fn parse<T>(&self, text: &Spanned<String>) -> Result<T, PolicyError>
    where
        T: FromStr<Err = &'static str>,
    {
        text.get_ref().parse().map_err(|wanted| PolicyError::Word {
            position: self.position(text),
            word: text.get_ref().clone(),
            wanted,
        })
    }

    fn parse_name<T>(&self, text: &Spanned<String>) -> Result<T, PolicyError>
    where
        T: FromStr<Err = NameError>,
    {
        text.get_ref().parse().map_err(|source| PolicyError::Name {
            position: self.position(text),
            source,
        })
    }

    fn position<T>(&self, at: &Spanned<T>) -> Position {
        Position::of(at.span(), self.policy)
    }
}

//! The policy document: TOML in, [`Directory`] out.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;

use countersign_identity::{Identity, NameError};
use jiff::Timestamp;
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::directory::Binding;
use crate::error::{Lines, Position};
use crate::principal::Standing;
use crate::{
    Directory, Grant, PermissionName, PolicyError, PolicyWarning, Principal, RoleName, warning,
};

pub(crate) fn read(policy: &str) -> Result<Directory, PolicyError> {
    let lines = Lines::of(policy);
    let document: Document = toml::from_str(policy).map_err(|error| PolicyError::Syntax {
        position: lines.position(error.span().unwrap_or_default()),
        message: error.message().to_owned(),
    })?;
    Reader { lines }.directory(document)
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
    not_after: Option<Spanned<Datetime>>,
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

/// What the document grants to anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) roles: BTreeMap<RoleName, BTreeSet<PermissionName>>,
    /// Each permission, where it is granted for the first time.
    pub(crate) permissions: BTreeMap<PermissionName, Position>,
}

/// Turns entries into values, and knows the text for the place of an error.
struct Reader<'a> {
    lines: Lines<'a>,
}

impl Reader<'_> {
    fn directory(&self, document: Document) -> Result<Directory, PolicyError> {
        if *document.version.get_ref() != 1 {
            return Err(PolicyError::Version {
                position: self.position(&document.version),
                version: *document.version.get_ref(),
            });
        }
        let mut granted = Granted::default();
        self.roles(&document.roles, &mut granted)?;
        let mut bindings = HashMap::with_capacity(document.principals.len());
        let mut warnings = self.unheld(&document);
        for (name, entry) in &document.principals {
            let principal = self.principal(name, entry, &mut granted)?;
            if entry.identities.is_empty() {
                warnings.push(PolicyWarning::PrincipalWithoutIdentity {
                    position: self.position(name),
                    principal: principal.name().clone(),
                });
            }
            for identity in &entry.identities {
                let identity = self.bind(&mut bindings, identity, &principal)?;
                warnings.extend(warning::fragile(&identity.0, &principal, identity.1));
            }
        }
        warnings.sort_by_key(PolicyWarning::position);
        Ok(Directory::new(bindings, granted, warnings))
    }

    fn roles(
        &self,
        entries: &BTreeMap<Spanned<String>, RoleEntry>,
        granted: &mut Granted,
    ) -> Result<(), PolicyError> {
        for (name, entry) in entries {
            let permissions = self.permissions(&entry.permissions, granted)?;
            granted.roles.insert(self.parse(name)?, permissions);
        }
        Ok(())
    }

    fn principal(
        &self,
        name: &Spanned<String>,
        entry: &PrincipalEntry,
        granted: &mut Granted,
    ) -> Result<Principal, PolicyError> {
        let own = self.permissions(&entry.permissions, granted)?;
        let mut grants: BTreeMap<_, _> = own.into_iter().map(|own| (own, Grant::Direct)).collect();
        let mut roles = Vec::with_capacity(entry.roles.len());
        for role in &entry.roles {
            let (role, permissions) = self.role(role, granted)?;
            for permission in permissions {
                let grant = || Grant::Role(role.clone());
                grants.entry(permission.clone()).or_insert_with(grant);
            }
            roles.push(role.clone());
        }
        let standing = self.standing(entry)?;
        Ok(Principal::new(self.parse(name)?, standing, roles, grants))
    }

    fn role<'g>(
        &self,
        role: &Spanned<String>,
        granted: &'g Granted,
    ) -> Result<(&'g RoleName, &'g BTreeSet<PermissionName>), PolicyError> {
        let known = granted.roles.get_key_value(role.get_ref().as_str());
        known.ok_or_else(|| PolicyError::RoleUnknown {
            position: self.position(role),
            role: role.get_ref().clone(),
        })
    }

    fn standing(&self, entry: &PrincipalEntry) -> Result<Standing, PolicyError> {
        let Some(not_after) = &entry.not_after else {
            return Ok(if entry.enabled {
                Standing::Enabled
            } else {
                Standing::Disabled
            });
        };
        let text = not_after.get_ref().to_string();
        let until: Timestamp = text.parse().map_err(|_| PolicyError::Word {
            position: self.position(not_after),
            word: text,
            wanted: "a date and time with its offset, as 2027-06-30T00:00:00Z",
        })?;
        Ok(if entry.enabled {
            Standing::Until(until)
        } else {
            Standing::Disabled
        })
    }

    fn permissions(
        &self,
        names: &[Spanned<String>],
        granted: &mut Granted,
    ) -> Result<BTreeSet<PermissionName>, PolicyError> {
        let mut permissions = BTreeSet::new();
        for name in names {
            let permission: PermissionName = self.parse(name)?;
            let first = granted.permissions.entry(permission.clone());
            first.or_insert_with(|| self.position(name));
            permissions.insert(permission);
        }
        Ok(permissions)
    }

    fn bind(
        &self,
        bindings: &mut HashMap<Identity, Binding>,
        entry: &IdentityEntry,
        principal: &Principal,
    ) -> Result<(Identity, Position), PolicyError> {
        let identity = Identity::new(
            self.parse_name(&entry.trust)?,
            self.parse_name(&entry.name)?,
        );
        let position = self.position(&entry.name);
        match bindings.entry(identity.clone()) {
            Entry::Vacant(free) => {
                free.insert(Binding {
                    principal: principal.clone(),
                    position,
                });
                Ok((identity, position))
            }
            Entry::Occupied(taken) => Err(PolicyError::IdentityTaken {
                position,
                identity,
                other: taken.get().principal.name().clone(),
            }),
        }
    }

    fn unheld(&self, document: &Document) -> Vec<PolicyWarning> {
        let principals = document.principals.values();
        let held: BTreeSet<&str> = principals
            .flat_map(|principal| &principal.roles)
            .map(|role| role.get_ref().as_str())
            .collect();
        let roles = document.roles.keys();
        let unheld = roles.filter(|role| !held.contains(role.get_ref().as_str()));
        unheld
            .map(|role| PolicyWarning::RoleUnheld {
                position: self.position(role),
                role: role.get_ref().clone(),
            })
            .collect()
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
        self.lines.position(at.span())
    }
}

use std::fmt::Display;

use countersign_identity::Identity;
use jiff::Timestamp;

use crate::{Denial, Directory, Grant, PermissionName, Position, Principal, RoleName};

/// What a route asks of its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirement {
    /// To be known.
    Known,
    /// To hold a permission.
    Permission(PermissionName),
}

/// A decision, and everything in the policy that led to it.
///
/// The verdict is made by the functions that decide a request, [`Directory::lookup`] and
/// [`Principal::hold`]; the rest says why they answer so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation<'a> {
    /// The permission that is asked for, where one is.
    pub asked: Option<PermissionName>,
    /// Who has the identity, whether it may call or not, and where the policy says so.
    pub principal: Option<(&'a Principal, Position)>,
    /// Where nobody has the identity: who has the same name under another trust.
    pub elsewhere: Vec<(&'a Identity, &'a Principal, Position)>,
    /// By what the principal holds the permission that is asked for.
    pub grant: Option<&'a Grant>,
    /// The roles that grant it, whoever has them.
    pub granting: Vec<&'a RoleName>,
    /// The decision.
    pub verdict: Result<(), Denial>,
}

impl Explanation<'_> {
    /// In words, who has the identity; where nobody has, who would have it under another trust.
    ///
    /// ```
    /// # use countersign_identity::Identity;
    /// # use countersign_policy::{Directory, Requirement};
    /// # let now = jiff::Timestamp::from_second(1_790_000_000)?;
    /// # let policy = Directory::from_toml("version = 1\n[principals.reports]\n\
    /// #     identities = [{ trust = \"clients\", name = \"spiffe://a.example/reports\" }]")?;
    /// # let reports = Identity::new("clients".parse()?, "spiffe://a.example/reports".parse()?);
    /// let explanation = policy.explain(&reports, &Requirement::Known, now);
    /// assert_eq!(explanation.who(), "`reports`, by line 3, column 43 of the policy, with no role");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn who(&self) -> String {
        if let Some((principal, position)) = self.principal {
            let (name, roles) = (principal.name(), roles(principal.roles()));
            return format!("`{name}`, by {position} of the policy, with {roles}");
        }
        let elsewhere = self.elsewhere.iter();
        let elsewhere = elsewhere.map(|(identity, principal, position)| {
            let name = principal.name();
            format!("; `{identity}` would be `{name}` ({position} of the policy)")
        });
        format!("nobody{}", elsewhere.collect::<String>())
    }

    /// In words, by what the principal holds the permission that is asked for, or by what it would. None where none is asked
    /// for, or nobody has the identity.
    ///
    /// ```
    /// # use countersign_identity::Identity;
    /// # use countersign_policy::{Directory, Requirement};
    /// # let now = jiff::Timestamp::from_second(1_790_000_000)?;
    /// # let policy = Directory::from_toml("version = 1\n[principals.reports]\n\
    /// #     identities = [{ trust = \"clients\", name = \"spiffe://a.example/reports\" }]")?;
    /// # let reports = Identity::new("clients".parse()?, "spiffe://a.example/reports".parse()?);
    /// let asked = Requirement::Permission("ledger:write".parse()?);
    /// let explanation = policy.explain(&reports, &asked, now);
    /// assert_eq!(explanation.by_what().as_deref(), Some("`reports` has it by nothing; no role would grant it"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by_what(&self) -> Option<String> {
        let (principal, _) = self.principal?;
        self.asked.as_ref()?;
        Some(match self.grant {
            Some(grant) => format!("granted by {grant}"),
            None => {
                let (name, roles) = (principal.name(), roles(&self.granting));
                format!("`{name}` has it by nothing; {roles} would grant it")
            }
        })
    }
}

fn roles<T: Display>(roles: &[T]) -> String {
    let listed: Vec<_> = roles.iter().map(|role| format!("`{role}`")).collect();
    match listed.as_slice() {
        [] => "no role".to_owned(),
        [role] => format!("the role {role}"),
        roles => format!("the roles {}", roles.join(", ")),
    }
}

impl Directory {
    /// Decides whether who has `identity` meets `requirement` at `now`, and says why.
    ///
    /// ```
    /// use countersign_identity::Identity;
    /// use countersign_policy::{Directory, Requirement};
    /// # let now = jiff::Timestamp::from_second(1_790_000_000)?;
    ///
    /// let policy = Directory::from_toml(
    ///     r#"
    /// version = 1
    /// [roles.clerk]
    /// permissions = ["ledger:write"]
    /// [principals.reports]
    /// identities = [{ trust = "clients", name = "spiffe://a.example/reports" }]
    /// "#,
    /// )?;
    /// let reports = Identity::new("clients".parse()?, "spiffe://a.example/reports".parse()?);
    /// let asked = Requirement::Permission("ledger:write".parse()?);
    ///
    /// let explanation = policy.explain(&reports, &asked, now);
    /// assert_eq!(
    ///     explanation.verdict.unwrap_err().to_string(),
    ///     "`reports` lacks `ledger:write`"
    /// );
    /// assert_eq!(explanation.granting, [&"clerk".parse()?]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(
        &self,
        identity: &Identity,
        requirement: &Requirement,
        now: Timestamp,
    ) -> Explanation<'_> {
        let principal = self.binding(identity);
        let principal = principal.map(|binding| (&binding.principal, binding.position));
        let asked = match requirement {
            Requirement::Known => None,
            Requirement::Permission(permission) => Some(permission),
        };
        let verdict = self
            .lookup(identity, now)
            .and_then(|principal| match asked {
                None => Ok(()),
                Some(permission) => principal.hold(permission.as_str()),
            });
        let elsewhere = match principal {
            Some(_) => Vec::new(),
            None => self.elsewhere(identity),
        };
        Explanation {
            asked: asked.cloned(),
            elsewhere,
            grant: principal
                .zip(asked)
                .and_then(|((principal, _), asked)| principal.grant(asked.as_str())),
            granting: asked.map(|asked| self.granting(asked)).unwrap_or_default(),
            principal,
            verdict,
        }
    }

    fn elsewhere(&self, identity: &Identity) -> Vec<(&Identity, &Principal, Position)> {
        let same = |other: &&Identity| other.name() == identity.name();
        let bindings = self.bindings().filter(|(other, _)| same(other));
        let mut found: Vec<_> = bindings
            .map(|(other, binding)| (other, &binding.principal, binding.position))
            .collect();
        found.sort_by_key(|(_, _, position)| *position);
        found
    }

    fn granting(&self, permission: &PermissionName) -> Vec<&RoleName> {
        let roles = self.granted.roles.iter();
        roles
            .filter(|(_, permissions)| permissions.contains(permission))
            .map(|(role, _)| role)
            .collect()
    }
}

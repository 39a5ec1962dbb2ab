use anyhow::{Context, Result};
use countersign_axum::{Access, Code, Directory, NoRoute, RouteLine, RouteTable, Trust};
use countersign_identity::{Certificate, Identity};
use countersign_policy::{Explanation, Requirement};
use countersign_tls::{Examination, PeerError};
use http::Method;
use jiff::Timestamp;

use super::logged::Logged;

/// A certificate, a request, and what a server goes by.
pub(super) struct Case<'a> {
    /// Where the certificate is from, if that is the audit log.
    pub(super) logged: Option<&'a Logged>,
    pub(super) chain: &'a [Vec<u8>],
    pub(super) certificate: &'a Certificate,
    pub(super) trusts: &'a [Trust],
    pub(super) directory: &'a Directory,
    pub(super) table: &'a RouteTable,
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) now: Timestamp,
}

/// What comes of it, with each step on the way.
pub(super) struct Decision<'a> {
    pub(super) examination: Examination,
    pub(super) route: Result<&'a RouteLine, NoRoute>,
    /// None where nobody is identified.
    pub(super) policy: Option<Explanation<'a>>,
    pub(super) verdict: Result<(), Refused>,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: Code,
    pub(super) detail: String,
}

impl<'a> Case<'a> {
    /// Takes the steps of a server, in their order.
    pub(super) fn decide(&self) -> Result<Decision<'a>> {
        let examination = Examination::of(self.trusts, self.chain, self.now)
            .context("these trusts make no server")?;
        let route = self.table.find(self.method, self.path);
        let identity = identity(&examination);
        let policy = identity.as_ref().ok().map(|identity| {
            let requirement = requirement(route.ok());
            self.directory.explain(identity, &requirement, self.now)
        });
        let verdict = match (&examination.identity, route) {
            // Nobody is identified there, and yet it takes a certificate that is vouched for to get there.
            (Ok(_), Ok(line)) if line.access == Access::Public => Ok(()),
            _ => identity
                .map(drop)
                .and_then(|()| allowed(policy.as_ref(), route)),
        };
        Ok(Decision {
            examination,
            route,
            policy,
            verdict,
        })
    }

    /// The trust of this name.
    pub(super) fn trust(&self, name: &str) -> Option<&'a Trust> {
        let mut trusts = self.trusts.iter();
        trusts.find(|trust| trust.name().as_str() == name)
    }
}

impl Refused {
    fn new(code: Code, why: impl std::fmt::Display) -> Self {
        Self {
            code,
            detail: why.to_string(),
        }
    }
}

fn identity(examination: &Examination) -> Result<Identity, Refused> {
    match &examination.identity {
        Err(error) => Err(Refused::new(PeerError::code(error), error)),
        Ok(Err(error)) => Err(Refused::new(error.code(), error)),
        Ok(Ok(identity)) => Ok(identity.clone()),
    }
}

/// What is not there asks for nothing but to be known, as the router does.
fn requirement(line: Option<&RouteLine>) -> Requirement {
    match line.map(|line| &line.access) {
        Some(Access::Guarded(permission)) => Requirement::Permission(permission.clone()),
        _ => Requirement::Known,
    }
}

fn allowed(
    policy: Option<&Explanation<'_>>,
    route: Result<&RouteLine, NoRoute>,
) -> Result<(), Refused> {
    if let Some(Err(denial)) = policy.map(|policy| &policy.verdict) {
        return Err(Refused::new(denial.code(), denial));
    }
    match route {
        Ok(_) => Ok(()),
        Err(missing @ NoRoute::Method) => Err(Refused::new(Code::MethodNotAllowed, missing)),
        Err(missing) => Err(Refused::new(Code::NotFound, missing)),
    }
}

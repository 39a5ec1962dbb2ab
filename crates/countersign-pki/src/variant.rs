//! What becomes of the fixtures of a manifest? Each is a certificate of it, changed, with the verdict that
//! the manifest says it deserves.

use crate::authority::Authority;
use crate::catalogue::{Expected, Fixture, Known, Presented, Side};
use crate::error::IssueError;
use crate::issued::Issued;
use crate::manifest::Base;
use crate::mutation::{Mutations, Signer};
use crate::name::Name;
use crate::pki::Pki;
use crate::plan::{Item, Kind, Plan};
use crate::subject::Attribute;

/// A fixture that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FixtureEntry {
    pub(crate) name: String,
    pub(crate) about: String,
    /// The certificate that it is made from.
    pub(crate) from: String,
    /// By which kind of name its holder is known, if that is said.
    pub(crate) scheme: Option<&'static str>,
    pub(crate) mutations: Mutations,
    pub(crate) expected: Expected,
}

/// The kinds of names by which a server identifies, in the order in which one is chosen.
pub(crate) const SCHEMES: [&str; 5] = ["spiffe", "dns", "email", "uri", "cn"];

/// Whose certificates those of a profile are.
pub(crate) fn side(base: Base) -> Side {
    match base {
        Base::Server => Side::Server,
        _ => Side::Client,
    }
}

impl Plan {
    /// The names of the fixtures, in the order of the manifest.
    pub fn fixture_names(&self) -> impl Iterator<Item = &str> {
        self.variants().iter().map(|entry| entry.name.as_str())
    }

    /// The fixtures of the manifest, made in memory with new keys, at the moment of the plan.
    ///
    /// ```
    /// use countersign_pki::{Manifest, Outcome, Plan};
    ///
    /// let manifest = Manifest::parse(
    ///     r#"version = 1
    ///     [authority.root]
    ///     subject = "Root TEST ONLY"
    ///     [certificate.billing]
    ///     profile = "client"
    ///     issuer = "root"
    ///     spiffe = "spiffe://dev.example/billing"
    ///     [[fixture]]
    ///     name = "billing-expired"
    ///     from = "billing"
    ///     mutate = { not_after = "-1d" }
    ///     expect = { stage = "tls", code = "certificate-expired", countersign = "alert 45" }
    ///     "#,
    /// )?;
    /// let plan = Plan::new(&manifest, "2026-08-01T12:00:00Z".parse::<jiff::Timestamp>()?);
    /// let [expired] = plan.fixtures()?.try_into().expect("one fixture");
    /// assert_eq!(expired.expected.openssl, Outcome::Alert(45));
    /// assert_eq!(expired.known.unwrap().caller, "spiffe://dev.example/billing");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`IssueError::Fixture`], with the fixture and the reason why it cannot be made.
    pub fn fixtures(&self) -> Result<Vec<Fixture>, IssueError> {
        let authorities = self.authorities()?;
        let entries = self.variants().iter();
        let fixtures = entries.map(|entry| {
            let fixture = Variant::new(self, &authorities, entry).and_then(|it| it.fixture());
            fixture.map_err(|source| IssueError::Fixture {
                name: entry.name.clone(),
                source: Box::new(source),
            })
        });
        fixtures.collect()
    }
}

/// A fixture in the making.
struct Variant<'a> {
    plan: &'a Plan,
    authorities: &'a Pki,
    entry: &'a FixtureEntry,
    /// The item that it is made from.
    from: &'a Item,
    issuer: &'a Authority,
}

impl<'a> Variant<'a> {
    fn new(
        plan: &'a Plan,
        authorities: &'a Pki,
        entry: &'a FixtureEntry,
    ) -> Result<Self, IssueError> {
        let from = plan
            .item(&entry.from)
            .ok_or_else(|| plan.unknown(&entry.from))?;
        let issuer = authorities.authority(from.issuer.as_deref().unwrap_or_default())?;
        Ok(Self {
            plan,
            authorities,
            entry,
            from,
            issuer,
        })
    }

    fn fixture(&self) -> Result<Fixture, IssueError> {
        let Kind::Leaf { profile, .. } = &self.from.kind else {
            return Err(self.plan.unknown(&self.entry.from));
        };
        let root = self
            .authorities
            .authority(self.plan.root_of(&self.from.name)?)?;
        let item = self.entry.mutations.of_item(self.from, &self.entry.name);
        let issued = self.issued(&item)?;
        let serial = issued.serial();
        let sent = self.entry.mutations.sent(issued, root, self.above()?)?;
        let scheme = self.scheme();
        Ok(Fixture {
            name: self.entry.name.clone().into(),
            about: self.entry.about.clone().into(),
            side: side(profile.base),
            scheme,
            presented: Some(Presented {
                chain_pem: sent.chain_pem(),
                key_pem: sent.key_pem(),
            }),
            anchors_pem: root.certificate_pem(),
            crl_pem: self.lists(&item, &serial)?,
            known: Some(self.known(scheme)),
            expected: self.entry.expected,
        })
    }

    fn issued(&self, item: &Item) -> Result<Issued, IssueError> {
        let moment = self.plan.moment();
        let mutations = &self.entry.mutations;
        match &mutations.issuer {
            None | Some(Signer::Itself) => mutations.issue(item, self.issuer, moment),
            Some(Signer::Authority(name)) => {
                mutations.issue(item, self.authorities.authority(name)?, moment)
            }
            Some(Signer::Impostor) => {
                let name = format!("{} impostor", item.name);
                let real = self
                    .from
                    .issuer
                    .as_deref()
                    .and_then(|it| self.plan.item(it));
                let subject = real.map(|item| item.subject.clone()).unwrap_or_default();
                let request = Authority::root_request("", moment.now).subject(subject);
                let impostor = moment.seeded(request, &name).issue_authority()?;
                mutations.issue(item, &impostor, moment)
            }
        }
    }

    /// What travels with it: those above its issuer, or above who signed it instead.
    fn above(&self) -> Result<Vec<Vec<u8>>, IssueError> {
        Ok(match &self.entry.mutations.issuer {
            Some(Signer::Authority(name)) => self.authorities.authority(name)?.chain(),
            Some(Signer::Itself) => Vec::new(),
            None | Some(Signer::Impostor) => self.issuer.chain(),
        })
    }

    /// The lists of its issuer and of those above, if it is revoked: who checks a whole chain needs all.
    fn lists(&self, item: &Item, serial: &[u8]) -> Result<Option<String>, IssueError> {
        let (Some(withdrawn), Some(issuer)) = (item.withdrawn, item.issuer.as_deref()) else {
            return Ok(None);
        };
        let now = self.plan.now();
        let mut lists = String::new();
        for above in self.plan.above(issuer) {
            let list = self.authorities.authority(&above.name)?.crl(now);
            let list = match above.name == issuer {
                true => {
                    let at = withdrawn.at.map_or(now, |at| at.from(now));
                    list.revoke(serial, withdrawn.reason, at)
                }
                false => list,
            };
            lists += &list.issue()?.pem();
        }
        Ok(Some(lists))
    }

    /// The kind of name by which the holder of the good certificate is known.
    fn scheme(&self) -> &'static str {
        let found = SCHEMES
            .into_iter()
            .find(|scheme| !names(self.from, scheme).is_empty());
        self.entry.scheme.or(found).unwrap_or("cn")
    }

    /// The holder of the good certificate, and for whom its trust may vouch: the names of the manifest,
    /// and of SPIFFE IDs their whole trust domains.
    fn known(&self, scheme: &'static str) -> Known {
        let caller = names(self.from, scheme).into_iter().next();
        let all = self.plan.items().iter();
        let mut vouched: Vec<String> = all.flat_map(|item| names(item, scheme)).collect();
        if scheme == "spiffe" {
            vouched = vouched.iter().filter_map(|id| trust_domain(id)).collect();
        }
        vouched.sort();
        vouched.dedup();
        Known {
            caller: caller.unwrap_or_default(),
            vouched,
        }
    }
}

/// The names of that kind that a leaf has, each with its kind.
fn names(item: &Item, scheme: &str) -> Vec<String> {
    let Kind::Leaf { names, .. } = &item.kind else {
        return Vec::new();
    };
    if scheme == "cn" {
        let name = item.subject.get(Attribute::CommonName);
        return name.map(|name| format!("cn:{name}")).into_iter().collect();
    }
    let of_kind = names.iter().filter_map(|name| match (scheme, name) {
        ("spiffe", Name::Uri(uri)) if uri.starts_with("spiffe://") => Some(uri.clone()),
        ("dns", Name::Dns(name)) => Some(format!("dns:{name}")),
        ("email", Name::Email(name)) => Some(format!("email:{name}")),
        ("uri", Name::Uri(uri)) => Some(format!("uri:{uri}")),
        _ => None,
    });
    of_kind.collect()
}

fn trust_domain(id: &str) -> Option<String> {
    let (domain, _) = id.strip_prefix("spiffe://")?.split_once('/')?;
    Some(format!("spiffe://{domain}/*"))
}

//! What will be made? A [`Plan`]: a manifest at a moment, in order, with every default filled in.
//!
//! A plan can be printed, issued in memory, or [applied](crate::Store::apply) to a folder. Making one
//! makes no key and touches no file.

mod item;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

pub(crate) use self::item::{Item, Kind, List, Made};
use crate::error::IssueError;
use crate::manifest::{Manifest, Settings};
use crate::moment::Moment;
use crate::pki::Pki;
use crate::seed::Seed;
use crate::usage::Usage;
use crate::validity::{Lifetime, Validity};
use crate::variant::FixtureEntry;

/// The items of a manifest, issuers before what they issue, with the dates that they get at `now`.
///
/// ```
/// use countersign_pki::{Manifest, Plan};
///
/// let manifest = Manifest::parse(countersign_pki::DEV_MANIFEST)?;
/// let plan = Plan::new(&manifest, "2026-08-01T12:00:00Z".parse::<jiff::Timestamp>()?);
///
/// let printed = plan.to_string();
/// let server = printed.lines().find(|line| line.starts_with("server ")).unwrap();
/// assert!(server.contains("issuer=issuing"));
/// assert!(server.contains("names=dns:localhost,ip:127.0.0.1,ip:::1"));
/// assert!(server.contains("until=2026-08-31T12:00:00Z"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    moment: Moment,
    settings: Settings,
    items: Vec<Item>,
    /// Certificates that are made for tests alone, and never put into a folder of certificates.
    variants: Vec<FixtureEntry>,
    /// The items that are made although nothing is wrong with them.
    renewals: BTreeMap<String, Renewal>,
    /// The only items to be looked after; none means all.
    scope: Option<BTreeSet<String>>,
}

/// Which key a certificate that is [renewed on demand](Plan::renewing) is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Renewal {
    /// The one in place.
    KeepKey,
    /// A new one. The old key and certificate are moved to the folder `retired`.
    RotateKey,
}

impl Plan {
    /// Puts the items in order and gives each its dates: never beyond its issuer's.
    pub fn new(manifest: &Manifest, now: Timestamp) -> Self {
        let mut plan = Self {
            moment: Moment { now, seed: None },
            settings: manifest.settings,
            items: Vec::new(),
            variants: manifest.fixtures.clone(),
            renewals: BTreeMap::new(),
            scope: None,
        };
        for entry in &manifest.authorities {
            let issuer = entry.issuer.as_deref();
            let validity = plan.dates(entry.lifetime, issuer);
            let item = Item::of_authority(entry, validity, manifest.published_by(issuer));
            plan.items.push(item);
        }
        for entry in &manifest.certificates {
            let issuer = Some(entry.issuer.as_str());
            let validity = plan.dates(entry.lifetime, issuer);
            let item = Item::of_certificate(entry, validity, manifest.published_by(issuer));
            plan.items.push(item);
        }
        plan
    }

    /// Also makes the certificate of that item, or of each in a range of that name, anew.
    ///
    /// # Errors
    /// [`IssueError::UnknownItem`], with the names that there are.
    pub fn renewing(mut self, name: &str, renewal: Renewal) -> Result<Self, IssueError> {
        let names = self.called(name)?.into_iter();
        let renewals: Vec<_> = names.map(|name| (name.to_owned(), renewal)).collect();
        self.renewals.extend(renewals);
        Ok(self)
    }

    /// Looks after nothing but that item, or each in a range of that name, and the authorities above;
    /// anything else is touched only if its issuer is replaced by that.
    ///
    /// # Errors
    /// [`IssueError::UnknownItem`], with the names that there are.
    pub fn only(mut self, name: &str) -> Result<Self, IssueError> {
        let mut scope = BTreeSet::new();
        for name in self.called(name)? {
            let mut next = Some(name);
            while let Some(name) = next {
                let is_new = scope.insert(name.to_owned());
                let issuer = self.item(name).and_then(|item| item.issuer.as_deref());
                // Those above one that is in already are in as well.
                next = issuer.filter(|_| is_new);
            }
        }
        self.scope = Some(scope);
        Ok(self)
    }

    /// The names of the items under an entry: its own, or those of a range.
    ///
    /// # Errors
    /// [`IssueError::UnknownItem`], with the names that there are.
    pub fn called(&self, name: &str) -> Result<Vec<&str>, IssueError> {
        let is_called = |item: &&Item| item.name == name || item.entry == name;
        let items = self.items.iter().filter(is_called);
        let names: Vec<&str> = items.map(|item| item.name.as_str()).collect();
        match names.is_empty() {
            true => Err(self.unknown(name)),
            false => Ok(names),
        }
    }

    /// The name of the root above an item; its own if it is one.
    ///
    /// # Errors
    /// [`IssueError::UnknownItem`], with the names that there are.
    pub fn root_of(&self, name: &str) -> Result<&str, IssueError> {
        let mut item = self.item(name).ok_or_else(|| self.unknown(name))?;
        while let Some(above) = item.issuer.as_deref().and_then(|name| self.item(name)) {
            item = above;
        }
        Ok(&item.name)
    }

    /// The item of that name and those above it, the root last.
    pub(crate) fn above(&self, name: &str) -> impl Iterator<Item = &Item> {
        let issuer = |item: &&Item| self.item(item.issuer.as_deref()?);
        std::iter::successors(self.item(name), issuer)
    }

    /// What an item will be, with every default: its line of the plan without the name.
    ///
    /// ```
    /// use countersign_pki::{DEV_MANIFEST, Manifest, Plan};
    ///
    /// let manifest = Manifest::parse(DEV_MANIFEST)?;
    /// let plan = Plan::new(&manifest, "2026-08-01T12:00:00Z".parse::<jiff::Timestamp>()?);
    /// assert!(plan.line_of("billing")?.to_string().starts_with("client issuer=issuing "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`IssueError::UnknownItem`], with the names that there are.
    pub fn line_of(&self, name: &str) -> Result<impl fmt::Display, IssueError> {
        self.item(name).ok_or_else(|| self.unknown(name))
    }

    /// The authority that issues an item; none for a root or for what is not in this plan.
    pub fn issuer_of(&self, name: &str) -> Option<&str> {
        self.item(name)?.issuer.as_deref()
    }

    /// Whether it is an authority of this plan.
    pub fn is_authority(&self, name: &str) -> bool {
        self.item(name).is_some_and(Item::is_authority)
    }

    /// What a certificate is fit for; nothing for an authority.
    ///
    /// # Errors
    /// [`IssueError::UnknownItem`], with the names that there are.
    pub fn usage_of(&self, name: &str) -> Result<&[Usage], IssueError> {
        let item = self.item(name).ok_or_else(|| self.unknown(name))?;
        Ok(match &item.kind {
            Kind::Authority { .. } => &[],
            Kind::Leaf { profile, .. } => &profile.usage,
        })
    }

    /// Takes new keys and serial numbers from a seed. Into an empty folder, the same manifest, moment and
    /// seed then make the same bytes. For tests alone: whoever knows the seed has every key.
    ///
    /// ```
    /// use countersign_pki::{DEV_MANIFEST, Manifest, Plan, Seed};
    ///
    /// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
    /// let manifest = Manifest::parse(DEV_MANIFEST)?;
    /// let make = || Plan::new(&manifest, now).seeded(&Seed::new("a test")).issue();
    /// assert_eq!(make()?.issued("billing")?.chain_pem(), make()?.issued("billing")?.chain_pem());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn seeded(mut self, seed: &Seed) -> Self {
        self.moment.seed = Some(seed.clone());
        self
    }

    /// The moment at which the plan was made.
    pub fn now(&self) -> Timestamp {
        self.moment.now
    }

    pub(crate) fn moment(&self) -> &Moment {
        &self.moment
    }

    /// The names of the items, in the order in which they are made.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|item| item.name.as_str())
    }

    /// The names of the items that it looks after: all, or those of [`Plan::only`].
    pub fn looked_after(&self) -> impl Iterator<Item = &str> {
        let items = self.items.iter().filter(|item| self.looks_after(item));
        items.map(|item| item.name.as_str())
    }

    /// Makes everything with new keys, in memory.
    ///
    /// # Errors
    /// [`IssueError`] if a date does not fit into a certificate or no key can be made.
    pub fn issue(&self) -> Result<Pki, IssueError> {
        self.make(|_| true)
    }

    /// The authorities alone.
    pub(crate) fn authorities(&self) -> Result<Pki, IssueError> {
        self.make(|item| item.is_authority())
    }

    fn make(&self, is_wanted: impl Fn(&Item) -> bool) -> Result<Pki, IssueError> {
        let mut pki = Pki::default();
        for item in self.items.iter().filter(|item| is_wanted(item)) {
            let key = item.new_key(&self.moment)?;
            let made = item.issue(pki.issuer_of(item)?, key, &self.moment)?;
            pki.extend(&item.name, Some(made));
        }
        Ok(pki)
    }

    pub(crate) fn variants(&self) -> &[FixtureEntry] {
        &self.variants
    }

    pub(crate) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(crate) fn item(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.name == name)
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings
    }

    pub(crate) fn renewal(&self, item: &Item) -> Option<Renewal> {
        self.renewals.get(&item.name).copied()
    }

    pub(crate) fn looks_after(&self, item: &Item) -> bool {
        let scope = self.scope.as_ref();
        scope.is_none_or(|scope| scope.contains(&item.name))
    }

    pub(crate) fn unknown(&self, name: &str) -> IssueError {
        // A range is named by its entry: nobody reads a thousand names.
        let mut known: Vec<&str> = self.items.iter().map(|item| item.entry.as_str()).collect();
        known.dedup();
        IssueError::UnknownItem {
            wanted: "item",
            name: name.to_owned(),
            known: known.join(", "),
        }
    }

    fn dates(&self, lifetime: Lifetime, issuer: Option<&str>) -> Validity {
        let wanted = Validity::backdated(self.moment.now, self.settings.backdate, lifetime);
        let issuer = issuer.and_then(|name| self.item(name));
        issuer.map_or(wanted, |issuer| wanted.within(issuer.validity))
    }
}

impl fmt::Display for Plan {
    /// One line for each item.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.names().map(str::len).max().unwrap_or_default();
        for item in &self.items {
            writeln!(f, "{:width$}  {item}", item.name)?;
        }
        Ok(())
    }
}

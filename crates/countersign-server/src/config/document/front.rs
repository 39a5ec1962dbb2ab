//! The part of the document that makes a gateway.

use std::path::PathBuf;
use std::time::Duration;

use countersign_axum::{Access, RouteLine, RouteTable};
use countersign_policy::PermissionName;
use http::Method;
use jiff::SignedDuration;
use serde::Deserialize;
use toml::Spanned;

use super::{Outcome, Reader, Word};
use crate::config::{FrontConfig, UpstreamConfig};
use crate::{Naming, UpstreamPlace};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RouteEntry {
    method: Word,
    path: Word,
    #[serde(default)]
    permission: Option<Word>,
    #[serde(default)]
    access: Option<Word>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpstreamEntry {
    #[serde(default)]
    url: Option<Word>,
    #[serde(default)]
    beyond_loopback: bool,
    #[serde(default)]
    anchors: Option<PathBuf>,
    #[serde(default)]
    chain: Option<PathBuf>,
    #[serde(default)]
    key: Option<PathBuf>,
    #[serde(default)]
    identity: Option<Vec<Word>>,
    #[serde(default)]
    connect: Option<Word>,
    #[serde(default)]
    timeout: Option<Word>,
    #[serde(default)]
    body: Option<usize>,
}

impl Reader<'_> {
    /// None, where the document has neither routes nor an upstream.
    pub(super) fn front(
        &self,
        routes: &[Spanned<RouteEntry>],
        upstream: Option<&Spanned<UpstreamEntry>>,
    ) -> Outcome<Option<FrontConfig>> {
        if routes.is_empty() && upstream.is_none() {
            return Ok(None);
        }
        let lines = routes.iter().map(|route| self.line(route));
        let lines = lines.collect::<Outcome<Vec<_>>>()?;
        let start = routes.first().map(Spanned::span).unwrap_or_default();
        let routes = RouteTable::new(lines).map_err(|error| self.refused(start, error))?;
        Ok(Some(FrontConfig {
            routes,
            upstream: self.upstream(upstream)?,
        }))
    }

    fn line(&self, spanned: &Spanned<RouteEntry>) -> Outcome<RouteLine> {
        let entry = spanned.get_ref();
        let access = match (&entry.permission, &entry.access) {
            (Some(name), None) => Access::Guarded(self.parse::<PermissionName>(name)?),
            (None, Some(word)) => match word.get_ref().as_str() {
                "open" => Access::Open,
                "public" => Access::Public,
                _ => {
                    return Err(self.refused(word.span(), "wanted `open` or `public`"));
                }
            },
            _ => {
                return Err(self.refused(spanned.span(), "wanted either `permission` or `access`"));
            }
        };
        let method = self.method(&entry.method)?;
        Ok(RouteLine::new(method, entry.path.get_ref(), access))
    }

    /// HEAD is decided as GET.
    fn method(&self, word: &Word) -> Outcome<Option<Method>> {
        let text = word.get_ref().as_str();
        match METHODS.iter().find(|known| **known == text) {
            Some(_) => self.parse(word).map(Some),
            None if text == "*" => Ok(None),
            None => {
                let known = METHODS.join("`, `");
                let message = format!("`{text}` is none of `{known}`, `*`");
                Err(self.refused(word.span(), message))
            }
        }
    }

    fn upstream(&self, spanned: Option<&Spanned<UpstreamEntry>>) -> Outcome<UpstreamConfig> {
        let default = UpstreamEntry::default();
        let entry = spanned.map_or(&default, Spanned::get_ref);
        let at = spanned.map(Spanned::span).unwrap_or_default();
        let credential = match (&entry.chain, &entry.key) {
            (Some(chain), Some(key)) => Some((self.file(chain), self.file(key))),
            (None, None) => None,
            _ => return Err(self.refused(at, "wanted both `chain` and `key`, or neither")),
        };
        let place = entry.url.as_ref();
        Ok(UpstreamConfig {
            place: place
                .map(|url| self.parse::<UpstreamPlace>(url))
                .transpose()?,
            beyond_loopback: entry.beyond_loopback,
            anchors: entry.anchors.as_ref().map(|path| self.file(path)),
            credential,
            namings: self.namings(entry.identity.as_deref())?,
            connect: self.pause(entry.connect.as_ref(), CONNECT)?,
            timeout: self.pause(entry.timeout.as_ref(), TIMEOUT)?,
            body: entry.body,
        })
    }

    fn namings(&self, words: Option<&[Word]>) -> Outcome<Vec<Naming>> {
        let Some(words) = words else {
            return Ok(vec![Naming::Rfc9440]);
        };
        let naming = |word: &Word| {
            let mut known = Naming::ALL.iter();
            let found = known.find(|(name, _)| name == word.get_ref());
            found.map(|(_, naming)| *naming).ok_or_else(|| {
                let names: Vec<_> = Naming::ALL.iter().map(|(name, _)| *name).collect();
                let message = format!("`{}` is none of `{}`", word.get_ref(), names.join("`, `"));
                self.refused(word.span(), message)
            })
        };
        words.iter().map(naming).collect()
    }

    fn pause(&self, word: Option<&Word>, default: Duration) -> Outcome<Duration> {
        let Some(word) = word else {
            return Ok(default);
        };
        let pause = word.get_ref().parse::<SignedDuration>().ok();
        let pause = pause.and_then(|pause| Duration::try_from(pause).ok());
        pause
            .filter(|pause| !pause.is_zero())
            .ok_or_else(|| self.refused(word.span(), "wanted a time, as `30s`"))
    }
}

const METHODS: [&str; 6] = ["DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"];
const CONNECT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(30);

use std::fmt;

use countersign_tls::Password;
use reqwest::Url;

use crate::BuildError;
use crate::rules::TlsProxy;

/// A proxy through which servers are called, with CONNECT. It sees no request and no answer.
///
/// One that is itself spoken to over TLS must have a certificate of the client's
/// [`ServerTrust`](crate::ServerTrust). It is not presented the credential, even if it asks, unless
/// [allowed](Self::present_credential).
#[derive(Clone)]
pub struct Proxy {
    url: String,
    login: Option<(String, Password)>,
    except: Option<String>,
    present: bool,
}

impl Proxy {
    /// The proxy at this `http` or `https` URL. One that cannot be read is an error of building the
    /// client.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            login: None,
            except: None,
            present: false,
        }
    }

    /// Tells the proxy a name and a password (RFC 7617).
    #[must_use]
    pub fn basic(mut self, name: impl Into<String>, password: Password) -> Self {
        self.login = Some((name.into(), password));
        self
    }

    /// Calls these hosts without it: names, domains and networks, as in `NO_PROXY`.
    #[must_use]
    pub fn except(mut self, hosts: impl Into<String>) -> Self {
        self.except = Some(hosts.into());
        self
    }

    /// Presents the credential to the proxy too, if it asks over TLS.
    #[must_use]
    pub fn present_credential(mut self) -> Self {
        self.present = true;
        self
    }

    /// As reqwest has it.
    pub(crate) fn to_reqwest(&self) -> Result<reqwest::Proxy, BuildError> {
        self.url()?;
        let proxy = reqwest::Proxy::all(&self.url).map_err(|error| refused(&error))?;
        let proxy = match &self.login {
            Some((name, password)) => proxy.basic_auth(name, password.expose()),
            None => proxy,
        };
        let except = self.except.as_deref();
        Ok(proxy.no_proxy(except.and_then(reqwest::NoProxy::from_string)))
    }

    /// What TLS has to know of it, where it is spoken to over TLS.
    pub(crate) fn over_tls(&self) -> Result<Option<TlsProxy>, BuildError> {
        let url = self.url()?;
        let host = url.host_str().filter(|_| url.scheme() == "https");
        Ok(host.map(|host| TlsProxy {
            host: bare(host),
            withheld: !self.present,
        }))
    }

    fn url(&self) -> Result<Url, BuildError> {
        let url: Url = self.url.parse().map_err(|error| refused(&error))?;
        match url.scheme() {
            "http" | "https" => Ok(url),
            _ => Err(refused(&"its scheme is neither `http` nor `https`")),
        }
    }
}

impl fmt::Debug for Proxy {
    /// Without the login, which the URL may hold too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").finish_non_exhaustive()
    }
}

/// As TLS has it: an IPv6 address without brackets.
fn bare(host: &str) -> String {
    host.trim_matches(['[', ']']).to_ascii_lowercase()
}

fn refused(reason: &dyn fmt::Display) -> BuildError {
    BuildError::Proxy {
        reason: reason.to_string(),
    }
}

//! Which routes there are, and who may call each?

mod declared;
pub(crate) use declared::Declared;

mod document;

use std::collections::BTreeSet;
use std::fmt;

use axum::routing::MethodFilter;
use countersign_policy::PermissionName;
use http::Method;
use thiserror::Error;

/// Which routes an [`Api`](crate::Api) has, and who may call each: one line for each method.
///
/// It can be printed, written as JSON and read back, and asked what it has for a request; so a
/// decision can be explained where the service does not run.
///
/// ```
/// use countersign_axum::RouteTable;
/// use http::Method;
///
/// let table = RouteTable::from_json(
///     r#"[{"method": "GET", "path": "/v1/items/{id}", "access": "guarded", "permission": "items:read"}]"#,
/// )?;
/// let route = table.find(&Method::HEAD, "/v1/items/7").unwrap();
/// assert_eq!(route.path, "/v1/items/{id}");
/// assert_eq!(table.to_string(), "GET  /v1/items/{id}  items:read\n");
/// # Ok::<(), countersign_axum::RouteTableError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    lines: Vec<RouteLine>,
}

/// One method of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RouteLine {
    /// The method; `None` stands for every method that has no line of its own.
    pub method: Option<Method>,
    /// The path as it is declared, `{id}` and all.
    pub path: String,
    /// Who may call.
    pub access: Access,
}

/// Who may call a route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Principals that hold the permission.
    Guarded(PermissionName),
    /// Every known principal.
    Open,
    /// Everybody whom the listener lets in.
    Public,
}

impl RouteTable {
    /// A table of these lines.
    ///
    /// # Errors
    ///
    /// Two lines are for one method of one path, or the paths do not make a router: a pattern is malformed
    /// or two overlap.
    pub fn new(lines: impl IntoIterator<Item = RouteLine>) -> Result<Self, RouteTableError> {
        let table = Self {
            lines: lines.into_iter().collect(),
        };
        table.check()?;
        Ok(table)
    }

    /// Reads what [`to_json`](Self::to_json) writes.
    ///
    /// # Errors
    ///
    /// It is not JSON, has an unknown key or a malformed value, or two lines for one method of one
    /// path.
    pub fn from_json(table: &str) -> Result<Self, RouteTableError> {
        document::read(table)
    }

    /// A JSON array with a line for each object; these have `method`, `path`, `access` and, where that is
    /// `guarded`, `permission`.
    pub fn to_json(&self) -> String {
        document::write(self)
    }

    /// The lines, in the order in which the routes are declared.
    pub fn lines(&self) -> &[RouteLine] {
        &self.lines
    }

    /// The permissions that routes ask for.
    pub fn permissions(&self) -> impl Iterator<Item = PermissionName> {
        self.lines.iter().filter_map(|line| match &line.access {
            Access::Guarded(permission) => Some(permission.clone()),
            Access::Open | Access::Public => None,
        })
    }

    /// The line for a request, matched as the router matches: on the path as it was sent, and
    /// `HEAD` as `GET`.
    ///
    /// # Errors
    ///
    /// There is nothing at the path, or not for this method.
    pub fn find(&self, method: &Method, path: &str) -> Result<&RouteLine, NoRoute> {
        let router = self.router().map_err(|_| NoRoute::Path)?;
        let found = router.at(path).map_err(|_| NoRoute::Path)?;
        let of = |method: Option<&Method>| {
            let mut lines = found.value.iter().copied();
            lines.find(|line| line.method.as_ref() == method)
        };
        let as_get = || (method == Method::HEAD).then(|| of(Some(&Method::GET)));
        of(Some(method))
            .or_else(|| as_get().flatten())
            .or_else(|| of(None))
            .ok_or(NoRoute::Method)
    }

    fn check(&self) -> Result<(), RouteTableError> {
        let mut seen = BTreeSet::new();
        for line in &self.lines {
            line.check()?;
            if !seen.insert((line.method_name(), &line.path)) {
                return Err(RouteTableError::Twice {
                    method: line.method_name().to_owned(),
                    path: line.path.clone(),
                });
            }
        }
        let router = self.router().map(drop);
        router.map_err(|error| RouteTableError::Paths {
            reason: error.to_string(),
        })
    }

    /// The matcher of axum itself, from a path to its lines.
    fn router(&self) -> Result<matchit::Router<Vec<&RouteLine>>, matchit::InsertError> {
        let mut paths: Vec<(&str, Vec<&RouteLine>)> = Vec::new();
        for line in &self.lines {
            match paths.iter_mut().find(|(path, _)| *path == line.path) {
                Some((_, lines)) => lines.push(line),
                None => paths.push((&line.path, vec![line])),
            }
        }
        let mut router = matchit::Router::new();
        for (path, lines) in paths {
            router.insert(path, lines)?;
        }
        Ok(router)
    }
}

/// Three columns: method, path, who may call.
impl fmt::Display for RouteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = self.lines.iter().map(|line| line.method_name().len());
        let paths = self.lines.iter().map(|line| line.path.chars().count());
        let (method_width, path_width) = (methods.max().unwrap_or(0), paths.max().unwrap_or(0));
        for line in &self.lines {
            let (method, path, access) = (line.method_name(), &line.path, &line.access);
            writeln!(f, "{method:method_width$}  {path:path_width$}  {access}")?;
        }
        Ok(())
    }
}

impl RouteLine {
    /// `access` for `method` of `path`; without a method, for every one that has no line of its own.
    pub fn new(method: Option<Method>, path: impl Into<String>, access: Access) -> Self {
        Self {
            method,
            path: path.into(),
            access,
        }
    }

    /// What axum would panic at.
    fn check(&self) -> Result<(), RouteTableError> {
        let old = |segment: &str| segment.starts_with([':', '*']);
        let reason = match self.path.strip_prefix('/') {
            None => "does not begin with `/`",
            Some(rest) if rest.split('/').any(old) => {
                "has a segment that begins with `:` or `*`: parameters are `{name}` and `{*rest}`"
            }
            Some(_) => return Ok(()),
        };
        Err(RouteTableError::Paths {
            reason: format!("`{}` {reason}", self.path),
        })
    }

    /// The method as axum routes it.
    pub(crate) fn filter(&self) -> Result<Option<MethodFilter>, RouteTableError> {
        let filter = self.method.clone().map(MethodFilter::try_from);
        filter.transpose().map_err(|_| RouteTableError::Method {
            method: self.method_name().to_owned(),
        })
    }

    /// The method, or `*`.
    pub fn method_name(&self) -> &str {
        self.method.as_ref().map_or("*", Method::as_str)
    }
}

/// The permission, or `open` or `public`.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guarded(permission) => permission.fmt(f),
            Self::Open => f.write_str("open"),
            Self::Public => f.write_str("public"),
        }
    }
}

/// Why a table has nothing for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoRoute {
    /// There is a route at the path, with other methods.
    #[error("the route does not know this method")]
    Method,
    /// There is no route at the path.
    #[error("there is no route at this path")]
    Path,
}

/// Why a text is not a table of routes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RouteTableError {
    /// Two paths match one request, or one is malformed.
    #[error("the paths do not make a router: {reason}")]
    Paths {
        /// Why not, in the words of the matcher.
        reason: String,
    },
    /// Not JSON, an unknown key, or a value of the wrong type.
    #[error("{message}")]
    Syntax {
        /// Where and what, in the words of the parser.
        message: String,
    },
    /// The router knows no such method.
    #[error("`{method}` is no method that can be routed")]
    Method {
        /// The method.
        method: String,
    },
    /// A method of a path has two lines.
    #[error("`{method} {path}` stands there twice")]
    Twice {
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
    /// A value is malformed.
    #[error("line {line} of the table: `{}` is malformed: wanted {wanted}", word.escape_debug())]
    Word {
        /// Which entry, counted from 1.
        line: usize,
        /// The value.
        word: String,
        /// What was wanted in its place.
        wanted: &'static str,
    },
}
